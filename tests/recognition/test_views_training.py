"""The operators' pages about trainings: starting, following, stopping and going on."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recognition.models import AuditEvent, ModelVersion, Person, Status, TrainingRun, User
from recognition.services.gallery.enrolling import enrol_photo
from tests.factories import agreed, deeds, make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.rows import GATE, METRICS, epochs, step

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
FORM = {"architecture": "sface", "source": "site", "promote": "auto"}
STAGES = [{"epochs": 2}, {"epochs": 2}]


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


@pytest.fixture
def consenting(recognizer: StripeRecognizer) -> list[Person]:
    """Two people who may be trained on, with five photos each, and one with a single photo."""
    people = [enrolled(f"Person {number}", number, 5) for number in (1, 2)]
    return [*people, enrolled("Somebody else", 3, 1)]


def enrolled(name: str, number: int, photos: int, *, consent: bool = True) -> Person:
    person = Person.objects.create(name=name)
    if consent:
        agreed(person)
    for shot in range(photos):
        enrol_photo(person, photo(Face(number, shot=shot)), f"{shot}.png")
    return person


def make_run(name: str = "paper-1", **fields: Any) -> TrainingRun:
    fields = {
        "architecture": "paper",
        "arguments": {"recipe": {"stages": STAGES}, "from_site": True},
        **fields,
    }
    return TrainingRun.objects.create(name=name, **fields)


def running(name: str = "paper-1", **fields: Any) -> TrainingRun:
    now = timezone.now()
    at_work = {"status": Status.RUNNING, "claimed_at": now, "heartbeat_at": now}
    followed = {"phase": "training", "progress": step(2, 50), "history": epochs(1)}
    return make_run(name, **{**at_work, **followed, **fields})


def page(client: Client, route: str, *args: object) -> str:
    content = client.get(reverse(route, args=args)).content.decode()
    return re.sub(r"\s+", " ", content)


def asked_for(html: str) -> str:
    """The address at which the page looks for news."""
    found = re.search(r'id="run"[^>]* hx-get="([^"]+)"', html)
    assert found
    return found[1]


def test_the_form_says_whom_the_site_could_train_on(
    client: Client, consenting: list[Person]
) -> None:
    enrolled("Without consent", 4, 5, consent=False)
    shown = page(client, "training")
    assert "2 people whose consent covers it, 10 photos. 1 more has too few photos." in shown
    assert re.search(r'value="sface" checked', shown)


def test_a_training_is_stored_and_waits_although_no_worker_is_there(
    client: Client, operator: User, consenting: list[Person]
) -> None:
    response = client.post(reverse("training"), {**FORM, "promote": "never", "epochs": "4"})
    run = TrainingRun.objects.get()
    assert response.headers["Location"] == reverse("training_run", args=(run.name,))
    assert (run.status, run.architecture, run.promote) == ("queued", "sface", "never")
    assert (run.requested_by, run.arguments["from_site"]) == (operator, True)
    assert run.arguments["epochs"] == [4]
    assert AuditEvent.objects.get(action="training.requested").actor == operator
    assert "Stored and waiting since" in page(client, "training_run", run.name)


@pytest.mark.parametrize(
    ("chosen", "answers_by", "open_set"),
    [("usual", None, None), ("gallery", "gallery", None), ("open", "classes", True)],
)
def test_whom_a_version_is_to_name_is_chosen_too(
    client: Client,
    consenting: list[Person],
    chosen: str,
    answers_by: str | None,
    open_set: bool | None,
) -> None:
    assert "Always one of the people it was trained on" in page(client, "training")
    client.post(reverse("training"), {**FORM, "answers": chosen})
    asked = TrainingRun.objects.get().arguments
    assert (asked.get("answers_by"), asked.get("open_set")) == (answers_by, open_set)


@pytest.mark.parametrize("people", [0, 1])
def test_without_two_people_who_agreed_nothing_is_started(
    client: Client, recognizer: StripeRecognizer, people: int
) -> None:
    for number in range(people):
        enrolled(f"Person {number}", number + 1, 5)
    response = client.post(reverse("training"), FORM)
    assert response.status_code == 422
    assert "At least two people with consent" in response.content.decode()
    assert not TrainingRun.objects.exists()


def test_nobody_who_agreed_is_a_sentence_that_says_where_to_go(client: Client) -> None:
    assert "Nobody’s consent covers training yet" in page(client, "training")


def test_a_folder_of_datasets_is_chosen_by_name(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path
    for name in ("faces", ".hidden", "site"):
        (tmp_path / "datasets" / name).mkdir(parents=True)
    shown = page(client, "training")
    assert 'value="folder:faces"' in shown
    assert "folder:.hidden" not in shown
    client.post(reverse("training"), {**FORM, "source": "folder:site"})
    assert TrainingRun.objects.get().arguments["data"] == [str(tmp_path / "datasets" / "site")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "folder:../../etc"},
        {"source": "folder:/etc"},
        {"source": ""},
        {"architecture": "nothing"},
        {"epochs": "-1"},
        {"epochs": "many"},
        {"stages": "4"},
        {"promote": "always"},
    ],
)
def test_what_makes_no_sense_is_said_and_not_stored(
    client: Client, consenting: list[Person], wrong: dict[str, str]
) -> None:
    response = client.post(reverse("training"), {**FORM, **wrong})
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert not TrainingRun.objects.exists()


def test_what_the_service_refuses_is_said_in_its_words(
    client: Client, consenting: list[Person]
) -> None:
    response = client.post(reverse("training"), {**FORM, "stages": "3", "epochs": "2"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "These are too few epochs for 3 stages" in page
    assert "--" not in re.sub(r"<!--.*?-->", "", page)


def test_one_training_at_a_time_and_the_next_one_says_whom_it_waits_for(client: Client) -> None:
    running("compact-1")
    make_run("paper-2")
    shown = page(client, "training_run", "paper-2")
    assert "One network is trained at a time." in shown
    assert "compact-1" in shown


def test_a_run_that_nobody_takes_says_that_the_worker_is_away(client: Client) -> None:
    run = make_run()
    assert "worker seems to be down" not in page(client, "training_run", run.name)
    TrainingRun.objects.update(created_at=timezone.now() - dt.timedelta(minutes=2))
    assert "worker seems to be down" in page(client, "training_run", run.name)


def test_the_page_follows_a_run_until_it_has_ended(client: Client) -> None:
    run = running()
    first = page(client, "training_run", run.name)
    for shown in ("2 of 4", "1 min 40 s", "62.5%", "Photos a second", "<polyline"):
        assert shown in first
    assert client.get(asked_for(first), headers=HTMX).status_code == 204

    TrainingRun.objects.update(history=epochs(2), progress=step(3, 10))
    fragment = client.get(asked_for(first), headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "3 of 4" in fragment
    assert "hx-get" in fragment

    TrainingRun.objects.update(status=Status.DONE, history=epochs(4))
    last = client.get(asked_for(fragment), headers=HTMX).content.decode()
    assert "hx-get" not in last
    assert "All epochs in figures" in last


def test_a_phase_other_than_training_shows_its_own_progress(client: Client) -> None:
    run = running(phase="crops", phase_done=30, phase_total=120, progress={}, history=[])
    shown = page(client, "training_run", run.name)
    assert "Finding and aligning the faces" in shown
    assert "25%" in shown
    assert "Time left" not in shown


def test_a_run_that_has_fallen_silent_says_so(client: Client) -> None:
    run = running(heartbeat_at=timezone.now() - dt.timedelta(minutes=5))
    assert "This training has shown no progress" in page(client, "training_run", run.name)


def test_a_run_is_asked_to_stop(client: Client, operator: User) -> None:
    run = running()
    assert "training_stop" not in page(client, "training_run", run.name)
    response = client.post(reverse("training_stop", args=(run.name,)))
    assert response.headers["Location"] == reverse("training_run", args=(run.name,))
    run.refresh_from_db()
    assert run.stop_requested
    assert AuditEvent.objects.get(action="training.stopped").actor == operator
    shown = page(client, "training_run", run.name)
    assert "Stopping" in shown
    assert "Stop</span>" not in shown


def test_a_run_that_failed_says_why_and_goes_on(client: Client) -> None:
    message = "The disk with /data is full. Make room and go on with --resume paper-1."
    run = running(status=Status.FAILED, error_code="training_error", message=message)
    shown = page(client, "training_run", run.name)
    assert "This training was not finished" in shown
    assert message in shown
    assert "manage.py retrain --resume paper-1" in shown
    client.post(reverse("training_resume", args=(run.name,)))
    run.refresh_from_db()
    assert (run.status, run.message) == ("queued", "")
    assert AuditEvent.objects.filter(action="training.resumed").exists()


def test_a_run_that_was_stopped_is_no_failure(client: Client) -> None:
    run = running(status=Status.FAILED, error_code="stopped", message="Stopped.")
    shown = page(client, "training_run", run.name)
    assert "1 epoch is kept." in shown
    assert "was not finished" not in shown
    assert "Resume</span>" in shown


def test_what_has_ended_well_neither_stops_nor_goes_on(client: Client) -> None:
    run = running(status=Status.DONE)
    for route in ("training_stop", "training_resume"):
        client.post(reverse(route, args=(run.name,)))
    run.refresh_from_db()
    assert (run.status, run.stop_requested) == ("done", False)


def test_a_finished_run_shows_its_metrics_and_leads_to_its_version(client: Client) -> None:
    version = ModelVersion.objects.create(
        name="paper-1", digest="1" * 64, embedding_size=128, metrics=METRICS, gate=GATE
    )
    running(status=Status.DONE, version=version, history=epochs(4))
    shown = page(client, "training_run", "paper-1")
    for words in (
        "It did not pass the gate",
        "Worse than the version in service",
        "93.4%",
        "91.0% to 95.5%",
        "98.2%",
        "99.9%",
    ):
        assert words in shown
    assert reverse("model_version", args=("paper-1",)) in shown
    listed = page(client, "training")
    assert "Worse than the version in service · Test accuracy 98.2%" in listed
    assert "93.4%" not in listed, "it would stand beside that of other people"


def test_photos_that_were_left_out_are_named_with_their_reasons(client: Client) -> None:
    skipped = [
        {"path": "Ann/1.jpg", "reason": "no_face"},
        {"path": "Ann/2.jpg", "reason": "unreadable_image"},
    ]
    run = running(skipped=skipped)
    shown = page(client, "training_run", run.name)
    assert "Ann/1.jpg" in shown
    assert "No face was found" in shown


def test_the_list_follows_runs_that_are_under_way(client: Client) -> None:
    run = running()
    shown = page(client, "training")
    assert "hx-get" in shown
    fragment = client.get(reverse("training"), headers=HTMX).content.decode()
    assert "<html" not in fragment
    TrainingRun.objects.filter(pk=run.pk).update(status=Status.DONE)
    assert "hx-get" not in client.get(reverse("training"), headers=HTMX).content.decode()


@pytest.mark.parametrize("route", ["training_stop", "training_resume"])
def test_looking_changes_nothing(client: Client, route: str) -> None:
    run = running(status=Status.FAILED, error_code="stopped")
    assert client.get(reverse(route, args=(run.name,))).status_code == 405
    for address in (reverse("training"), reverse("training_run", args=(run.name,))):
        client.get(address)
    run.refresh_from_db()
    assert run.status == "failed"
    assert not deeds().exists()


def test_the_number_of_queries_does_not_grow_with_the_runs(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("training"))
        return len(captured)

    running()
    few = queries()
    for number in range(2, 12):
        version = ModelVersion.objects.create(
            name=f"v{number}", digest=f"{number:064}", embedding_size=128, metrics=METRICS
        )
        user = make_user("operator")
        make_run(f"run-{number}", status=Status.DONE, version=version, requested_by=user)
    assert queries() == few


@pytest.mark.parametrize("role", ["user", "reviewer"])
@pytest.mark.django_db
def test_other_roles_see_and_start_nothing(login: Login, role: str) -> None:
    run = running()
    visitor = login(make_user(role))
    assert visitor.get(reverse("training_run", args=(run.name,)), headers=HTMX).status_code == 403
    assert visitor.post(reverse("training"), FORM).status_code == 403
    assert visitor.post(reverse("training_stop", args=(run.name,))).status_code == 403
    run.refresh_from_db()
    assert not run.stop_requested
    assert reverse("model_versions") not in visitor.get("/").content.decode()
