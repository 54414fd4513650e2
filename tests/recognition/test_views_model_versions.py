"""The operators' pages about model versions: metrics, promotion, the way back, and a trial."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recognition.models import (
    AuditEvent,
    ModelVersion,
    Person,
    Status,
    Template,
    TrainedPerson,
    TrainingRun,
    Trial,
    User,
)
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.privacy import erasure
from recognition.services.versions import registry
from tests.factories import deeds, make_user
from tests.recognition.fakes import SIZE, Face, StripeRecognizer, embedding, photo
from tests.recognition.rows import GATE, METRICS

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
State = ModelVersion.State


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


@pytest.fixture
def candidate(version: ModelVersion) -> ModelVersion:
    return make_version("sface-1", parent=version)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of every version are as they should be."""
    monkeypatch.setattr(registry, "verify", lambda _version: None)


def make_version(name: str, **fields: object) -> ModelVersion:
    number = ModelVersion.objects.count() + 1
    known = {"architecture": "sface", "metrics": METRICS, "gate": GATE, "size": 31_457_280}
    made = {"digest": f"{number:064}", "embedding_size": SIZE, **known, **fields}
    return ModelVersion.objects.create(name=name, **made)


def page(client: Client, route: str, *args: object) -> str:
    content = client.get(reverse(route, args=args)).content.decode()
    return re.sub(r"\s+", " ", content)


def news(html: str) -> str:
    """The address at which the page looks for news."""
    found = re.search(r' hx-get="([^"]+)"', html)
    assert found
    return found[1]


def test_versions_are_listed_with_state_metrics_and_size(
    client: Client, version: ModelVersion, candidate: ModelVersion
) -> None:
    shown = page(client, "model_versions")
    assert re.findall(r'class="version-name"[^>]*>([^<]+)<', shown) == ["stripes", "sface-1"]
    for words in ("In service", "Candidate", "93.4%", "74.0%", "98.2%", "30.0"):
        assert words in shown
    assert "hx-get" not in shown


def test_a_version_with_erased_people_is_marked_and_trained_again_without_them(
    client: Client, operator: User, candidate: ModelVersion
) -> None:
    now = timezone.now()
    for number in range(3):
        erased = None if number == 2 else now
        TrainedPerson.objects.create(model_version=candidate, person_id=number, erased_at=erased)
    assert "trained on 2 people who have since been erased" in page(client, "model_versions")
    assert "Train again without them" in page(client, "model_version", candidate.name)
    arguments = {"from_site": True, "stages": 1, "recipe": {"stages": [{"epochs": 3}]}}
    TrainingRun.objects.create(
        name="sface-1", architecture="sface", status="done", version=candidate, arguments=arguments
    )
    response = client.post(reverse("model_retrain", args=(candidate.name,)))
    run = TrainingRun.objects.get(status=Status.QUEUED)
    assert response.headers["Location"] == reverse("training_run", args=(run.name,))
    assert (run.requested_by, run.arguments["from_site"]) == (operator, True)


def test_what_was_not_trained_here_cannot_be_trained_again(
    client: Client, version: ModelVersion
) -> None:
    response = client.post(reverse("model_retrain", args=(version.name,)), follow=True)
    assert "was not trained on this site" in response.content.decode()
    assert not TrainingRun.objects.exists()


def test_the_page_of_a_version_tells_metrics_gate_and_origin(
    client: Client, version: ModelVersion, candidate: ModelVersion
) -> None:
    shown = page(client, "model_version", candidate.name)
    for words in (
        "Worse than the version in service",
        "It did not pass the gate: it can only be put into service by hand",
        "3 people were left out of the comparison",
        "Rank 1: 93.4% against 93.5%. As good: not worse by a point or more.",
        "The difference is −0.10 points, between −0.90 and +0.80, each end at 95% certainty.",
        "DIR at FPIR 1%: 74.0% against 96.5%. Worse by more than chance.",
        "Compared with stripes",
        "at 10%",
        "70.0% to 78.0%",
        "84 people to choose among",
        "In service: 93.5%",
        "faces: 84 people, 11,204 photos",
        "2.4 ms",
    ):
        assert words in shown
    assert "at 0.3%" not in shown, "what so few photos cannot tell is not shown"
    assert reverse("model_version", args=(version.name,)) in shown


def test_a_version_that_was_never_measured_says_so(client: Client, version: ModelVersion) -> None:
    shown = page(client, "model_version", version.name)
    assert "was not measured here" in shown
    assert "the gate" not in shown
    assert "Put into service" not in shown
    assert "Try it on a photo" not in shown


def test_a_promotion_is_asked_for_after_a_question(
    client: Client, operator: User, candidate: ModelVersion, sound: None
) -> None:
    question = page(client, "model_promote", candidate.name)
    assert "Worse than the version in service. It has not passed the gate" in question
    assert "All enrolled faces are already embedded" in question
    candidate.refresh_from_db()
    assert candidate.promotion_requested_at is None
    address = reverse("model_promote", args=(candidate.name,))
    assert client.post(address).status_code == 422  # against the gate it takes a reason
    response = client.post(address, {"reason": "It knows our people."})
    assert response.headers["Location"] == reverse("model_version", args=(candidate.name,))
    candidate.refresh_from_db()
    assert candidate.promotion_requested_at is not None
    assert AuditEvent.objects.get(action="model.promotion_requested").actor == operator
    forced = AuditEvent.objects.get(action="model.promotion_forced")
    assert (forced.actor, forced.details["reason"]) == (operator, "It knows our people.")


def test_a_version_whose_files_are_gone_is_not_put_into_service(
    client: Client, candidate: ModelVersion
) -> None:
    address = reverse("model_promote", args=(candidate.name,))
    response = client.post(address, {"reason": "Why not?"}, follow=True)
    assert "cannot go into service" in response.content.decode()
    candidate.refresh_from_db()
    assert candidate.promotion_requested_at is None


def test_the_version_in_service_is_not_promoted(client: Client, version: ModelVersion) -> None:
    for response in (
        client.get(reverse("model_promote", args=(version.name,))),
        client.post(reverse("model_promote", args=(version.name,))),
    ):
        assert response.headers["Location"] == reverse("model_version", args=(version.name,))
    assert not deeds().exists()


def test_the_page_follows_a_promotion_until_it_is_done(
    client: Client, candidate: ModelVersion, recognizer: StripeRecognizer
) -> None:
    faces = [
        enrol_photo(Person(name=f"Person {number}"), photo(Face(number)), "1.png")[0]
        for number in (1, 2)
    ]
    ModelVersion.objects.filter(pk=candidate.pk).update(promotion_requested_at=timezone.now())
    shown = page(client, "model_version", candidate.name)
    assert "0 of 2" in shown
    assert "Being put into service" in page(client, "model_versions")
    assert client.get(news(shown), headers=HTMX).status_code == 204
    Template.objects.create(
        face=faces[0], model_version=candidate, embedding=embedding(1).tobytes()
    )
    fragment = client.get(news(shown), headers=HTMX).content.decode()
    assert "1 of 2" in fragment
    assert "<html" not in fragment
    ModelVersion.objects.filter(pk=candidate.pk).update(promotion_requested_at=None)
    last = client.get(news(fragment), headers=HTMX)
    assert last.headers["HX-Refresh"] == "true"


def test_a_promotion_that_nobody_sees_to_says_so(client: Client, candidate: ModelVersion) -> None:
    long_ago = timezone.now() - dt.timedelta(minutes=5)
    ModelVersion.objects.filter(pk=candidate.pk).update(promotion_requested_at=long_ago)
    assert "the worker seems to be down" in page(client, "model_version", candidate.name)


def test_a_promotion_that_waits_is_cancelled_with_a_click(
    client: Client, operator: User, candidate: ModelVersion
) -> None:
    assert "Cancel the promotion" not in page(client, "model_version", candidate.name)
    ModelVersion.objects.filter(pk=candidate.pk).update(promotion_requested_at=timezone.now())
    address = reverse("model_promote_cancel", args=(candidate.name,))
    assert f'action="{address}"' in page(client, "model_version", candidate.name)
    response = client.post(address)
    assert response.headers["Location"] == reverse("model_version", args=(candidate.name,))
    candidate.refresh_from_db()
    assert (candidate.state, candidate.promotion_requested_at) == ("candidate", None)
    assert deeds().get().action == "model.promotion_cancelled"
    assert deeds().get().actor == operator
    client.post(address)
    assert deeds().count() == 1


def test_going_back_takes_a_question_and_a_click(
    client: Client, operator: User, version: ModelVersion, candidate: ModelVersion, sound: None
) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(state=State.RETIRED)
    ModelVersion.objects.filter(pk=candidate.pk).update(state=State.ACTIVE, replaced=version)
    assert "Roll back" in page(client, "model_version", candidate.name)
    question = page(client, "model_rollback", candidate.name)
    assert "<b>stripes</b>, which was in service before it, comes back" in question
    assert registry.active() == candidate
    response = client.post(reverse("model_rollback", args=(candidate.name,)), follow=True)
    assert "stripes is in service again." in response.content.decode()
    assert registry.active() == version
    assert AuditEvent.objects.get(action="model.rolled_back").actor == operator


def test_where_nothing_came_before_there_is_no_way_back(
    client: Client, version: ModelVersion
) -> None:
    for response in (
        client.get(reverse("model_rollback", args=(version.name,))),
        client.post(reverse("model_rollback", args=(version.name,))),
    ):
        assert response.headers["Location"] == reverse("model_version", args=(version.name,))
    assert registry.active() == version


@pytest.fixture
def report(candidate: ModelVersion, tmp_path: Path, settings: Settings) -> Path:
    settings.MODELS_DIR = tmp_path
    path = tmp_path / candidate.name / "report" / "report.html"
    path.parent.mkdir(parents=True)
    path.write_text("<!doctype html><style>p{color:red}</style><p>Bericht Отчёт</p>")
    return path


def test_the_report_is_served_as_a_page_that_may_do_nothing(
    client: Client, candidate: ModelVersion, report: Path
) -> None:
    address = reverse("model_report", args=(candidate.name,))
    assert address in page(client, "model_version", candidate.name)
    response = client.get(address)
    assert b"".join(response.streaming_content).decode() == report.read_text()  # type: ignore[attr-defined]
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script" not in policy
    assert "sandbox" in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_no_report_is_not_found(client: Client, candidate: ModelVersion) -> None:
    assert client.get(reverse("model_report", args=(candidate.name,))).status_code == 404
    assert "Full report" not in page(client, "model_version", candidate.name)


def answer(decision: str, *people: int, probability: float = 0.97) -> dict[str, object]:
    candidates = [
        {"person": person, "similarity": 0.71, "probability": probability} for person in people
    ]
    return {"box": [10.0, 5.0, 60.0, 60.0], "decision": decision, "candidates": candidates}


def ask(client: Client, candidate: ModelVersion, *files: tuple[str, bytes]) -> Trial:
    photos = [SimpleUploadedFile(name, data) for name, data in files]
    response = client.post(reverse("model_try", args=(candidate.name,)), {"photos": photos})
    trial = Trial.objects.get()
    assert response.headers["Location"] == reverse("trial", args=(trial.pk,))
    return trial


def test_a_candidate_answers_a_photo_beside_the_version_in_service(
    client: Client, candidate: ModelVersion, media: Path
) -> None:
    trial = ask(client, candidate, ("ann.png", photo(Face(1), Face(2))))
    waiting = page(client, "trial", trial.pk)
    assert "Stored and waiting since" in waiting
    assert client.get(news(waiting), headers=HTMX).status_code == 204
    trial.photo.save("", ContentFile(b"jpeg"), save=False)
    ann, ben = (Person.objects.create(name=name).pk for name in ("Ann_Lee", "Ben"))
    same = answer("match", ann, ben)
    trial.answers = {
        "stripes": [same, answer("unknown", ann, ben)],
        "sface-1": [same, answer("match", ann, ben)],
    }
    trial.status, trial.width, trial.height = Status.DONE, 180, 80
    trial.save()
    fragment = client.get(news(waiting), headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "hx-get" not in fragment
    assert fragment.count("Ann Lee") >= 4
    assert fragment.count("The same answer") == fragment.count("The answers differ") == 1
    assert fragment.index("On trial") < fragment.index("In service")
    assert client.get(reverse("photo", args=("trial", trial.pk))).status_code == 200


def test_who_was_removed_since_has_no_name_in_a_trial(
    client: Client, candidate: ModelVersion, operator: User
) -> None:
    """Its process may have been at it just then."""
    people = [Person.objects.create(name=name) for name in ("Ann", "Ben", "Cleo")]
    ann, ben, cleo = (person.pk for person in people)
    for person in (people[0], people[2]):
        erasure.remove_person(person, None)
    trial = Trial.objects.create(
        model_version=candidate, requested_by=operator, status="done", width=180, height=80
    )
    trial.answers = {
        "stripes": [answer("match", ann, ben), answer("ambiguous", ann, cleo)],
        "sface-1": [answer("match", cleo, ben), answer("ambiguous", cleo, ann)],
    }
    trial.save()
    shown = page(client, "trial", trial.pk)
    assert "Ann" not in shown
    assert "A person who has since been removed" in shown
    assert "Ben" in shown
    assert shown.count("The same answer") == shown.count("The answers differ") == 1


def test_the_number_of_queries_does_not_grow_with_the_faces_of_a_trial(
    client: Client, candidate: ModelVersion, operator: User
) -> None:
    trial = Trial.objects.create(
        model_version=candidate, requested_by=operator, status="done", width=180, height=80
    )

    def queries(*named: int) -> int:
        trial.answers = {"stripes": [answer("match", person) for person in named]}
        trial.save()
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("trial", args=(trial.pk,)))
        return len(captured)

    many = [Person.objects.create(name=f"Person {number}").pk for number in range(5)]
    assert queries(*many) == queries(many[0])


def test_a_trial_that_waits_for_long_tells_what_it_waits_for(
    client: Client, candidate: ModelVersion, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = ask(client, candidate, ("ann.png", photo(Face(1))))
    long_ago = timezone.now() - dt.timedelta(minutes=1)
    Trial.objects.update(created_at=long_ago)
    assert "network is being repaired" in page(client, "trial", trial.pk)
    monkeypatch.setattr(registry, "verify", lambda _version: None)
    assert "The worker seems to be down" in page(client, "trial", trial.pk)
    Trial.objects.update(status="running", claimed_at=long_ago)
    shown = page(client, "trial", trial.pk)
    assert "Both versions are looking at the photo" in shown
    assert "seems to be down" not in shown


def test_a_file_that_is_no_photo_is_explained(
    client: Client, candidate: ModelVersion, media: Path
) -> None:
    trial = ask(client, candidate, ("notes.txt", b"hello"))
    shown = page(client, "trial", trial.pk)
    assert "This photo cannot be used" in shown
    assert "could not be read as a photo" in shown


def test_a_damaged_version_cannot_be_tried_and_says_so(
    client: Client, candidate: ModelVersion, operator: User
) -> None:
    trial = Trial.objects.create(
        model_version=candidate, requested_by=operator, status="failed", error_code="model_damaged"
    )
    assert "is missing or damaged" in page(client, "trial", trial.pk)


@pytest.mark.parametrize("count", [0, 2])
def test_a_trial_takes_exactly_one_photo(
    client: Client, candidate: ModelVersion, media: Path, count: int
) -> None:
    photos = [SimpleUploadedFile(f"{n}.png", photo(Face(1))) for n in range(count)]
    response = client.post(reverse("model_try", args=(candidate.name,)), {"photos": photos})
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert not Trial.objects.exists()


def test_a_trial_is_nobody_elses_business(
    client: Client, candidate: ModelVersion, media: Path, login: Login, operator: User
) -> None:
    trial = ask(client, candidate, ("ann.png", photo(Face(1))))
    trial.photo.save("", ContentFile(b"jpeg"), save=True)
    for other in (make_user("operator"), make_user("reviewer"), make_user("user")):
        visitor = login(other)
        assert visitor.get(reverse("trial", args=(trial.pk,))).status_code in (403, 404)
        assert visitor.get(reverse("photo", args=("trial", trial.pk))).status_code == 404
    operator.groups.clear()  # no longer one
    visitor = login(User.objects.get(pk=operator.pk))
    assert visitor.get(reverse("photo", args=("trial", trial.pk))).status_code == 404


@pytest.mark.parametrize("role", ["user", "reviewer"])
def test_other_roles_change_nothing(
    login: Login, role: str, candidate: ModelVersion, report: Path, sound: None
) -> None:
    visitor = login(make_user(role))
    for route in (
        *("model_promote", "model_promote_cancel"),
        *("model_rollback", "model_retrain", "model_try"),
    ):
        assert visitor.post(reverse(route, args=(candidate.name,))).status_code == 403
    for route in ("model_version", "model_report", "model_promote", "model_rollback"):
        address = reverse(route, args=(candidate.name,))
        assert visitor.get(address, headers=HTMX).status_code == 403
    candidate.refresh_from_db()
    assert candidate.promotion_requested_at is None
    assert not deeds().exists()


def test_looking_changes_nothing(client: Client, candidate: ModelVersion) -> None:
    before = list(ModelVersion.objects.order_by("pk").values())
    for route in ("model_version", "model_promote", "model_rollback"):
        client.get(reverse(route, args=(candidate.name,)))
    for route in ("model_promote_cancel", "model_retrain", "model_try"):
        assert client.get(reverse(route, args=(candidate.name,))).status_code == 405
    assert list(ModelVersion.objects.order_by("pk").values()) == before
    assert not deeds().exists()


def test_the_number_of_queries_does_not_grow_with_the_versions(
    client: Client, version: ModelVersion
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("model_versions"))
        return len(captured)

    few = queries()
    for number in range(10):
        made = make_version(f"sface-{number}", parent=version)
        TrainedPerson.objects.create(model_version=made, person_id=number, erased_at=timezone.now())
    assert queries() == few


def test_the_administration_shows_metrics_gate_and_marks(
    admin_client: Client, candidate: ModelVersion
) -> None:
    TrainedPerson.objects.create(model_version=candidate, person_id=1, erased_at=timezone.now())
    for address in ("", f"{candidate.pk}/change/"):
        shown = admin_client.get(f"/admin/recognition/modelversion/{address}").content.decode()
        for words in ("Worse than the version in service", "1 person erased since"):
            assert words in shown
        # Beside those of other versions, figures of other people would be taken to compare.
        assert ("Rank 1: 93.4%" in shown) == bool(address)
