"""What is found in a gallery, and what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml.looking import look_at
from recognition.models import EnrolledFace, Finding, Look, LookedOver, ModelVersion, Person, User
from recognition.services.gallery import findings, looking, moving, owners, revisions
from recognition.services.gallery import people as service
from recognition.services.gallery.enrolling import Options, enrol_photo
from recognition.services.gallery.merging import merge
from recognition.services.privacy import erasure
from recognition.services.work import processes
from tests.factories import deeds
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
AS_THEY_ARE = Options(force=True)


def enrolled(name: str, *faces: Face) -> Person:
    person = Person.objects.filter(name=name).first() or Person(name=name)
    for face in faces:
        file = f"{face.person}-{face.shot}.png"
        person = enrol_photo(person, photo(face), file, options=AS_THEY_ARE)[0].person
    return person


@pytest.fixture(autouse=True)
def gallery(recognizer: StripeRecognizer, calibrated: Path) -> None:
    """Twelve people, with nothing to remark about them."""
    for number in range(1, 13):
        enrolled(f"Person {number}", Face(number), Face(number, shot=1), Face(number, shot=2))


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


def found(kind: str) -> list[tuple[str, ...]]:
    rows = Finding.objects.filter(kind=kind, settled_at=None).order_by("person__name")
    names = rows.values_list("person__name", "other__name", "face__filename")
    return [tuple(name for name in row if name) for row in names]


def page(client: Client, kind: str) -> str:
    content = client.get(reverse("to_look_at"), {"kind": kind}).content.decode()
    return re.sub(r"\s+", " ", content)


def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whom it looks at from now on."""
    seen: list[int] = []

    def note(person: int, *rest: object) -> object:
        seen.append(person)
        return look_at(person, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("recognition.services.gallery.looking.look_at", note)
    return seen


# what is found


def test_of_a_good_gallery_there_is_nothing_to_say() -> None:
    assert looking.look_over() == 12
    assert not Finding.objects.exists()
    assert findings.own_photos() == (36, 36)


def test_one_person_under_two_names_is_found_and_no_photo_of_theirs_doubted() -> None:
    enrolled("Double", Face(3, shot=5), Face(3, shot=6))
    looking.look_over()
    assert ("Double", "Person 3") in found("double")
    pairs = findings.unsettled("double")
    assert {(one.person.name, one.other and one.other.name) for one in pairs} <= {
        ("Double", "Person 3"),
        ("Person 3", "Double"),
    }
    assert pairs.count() == 1
    assert found("like_another") == found("unlike") == []


def test_a_photo_of_somebody_else_is_found_with_whose_it_is() -> None:
    enrolled("Person 4", Face(5, shot=7))
    looking.look_over()
    assert found("like_another") == [("Person 4", "Person 5", "5-7.png")]
    assert found("double") == []


def test_a_photo_of_nobody_here_is_unlike_the_others() -> None:
    enrolled("Person 4", Face(99))
    looking.look_over()
    assert found("unlike") == [("Person 4", "99-0.png")]


def test_a_poor_photo_is_found() -> None:
    enrolled("Person 4", Face(4, shot=7, quality=0.4))
    looking.look_over()
    assert found("poor") == [("Person 4", "4-7.png")]


def test_a_photo_that_would_not_be_recognised_counts_against_the_gallery() -> None:
    enrolled("Person 4", Face(99))
    looking.look_over()
    assert findings.own_photos() == (37, 36)


# as the gallery changes


def test_what_has_not_changed_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looking.look_over()
    seen = looked_at(monkeypatch)
    assert looking.look_over() == 0
    assert seen == []


def test_only_those_around_whoever_has_changed_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(13, 60):
        enrolled(f"Person {number}", Face(number))
    looking.look_over()
    seen = looked_at(monkeypatch)
    changed = enrolled("Person 4", Face(4, shot=7))
    assert looking.look_over() == len(seen) < 25
    assert changed.pk in seen


def test_what_holds_no_more_goes_and_the_rest_keeps_its_number() -> None:
    enrolled("Person 4", Face(99))
    enrolled("Person 6", Face(5, shot=7))
    looking.look_over()
    kept = Finding.objects.get(kind="unlike").pk
    erasure.remove_face(EnrolledFace.objects.get(filename="5-7.png"), None)
    looking.look_over()
    assert Finding.objects.get().pk == kept


def test_of_who_is_hidden_or_gone_nothing_is_said() -> None:
    four, six = enrolled("Person 4", Face(99)), enrolled("Person 6", Face(5, shot=7))
    looking.look_over()
    service.hide(four, None, hidden=True)
    erasure.remove_person(six, None)
    looking.look_over()
    assert not Finding.objects.exists()
    assert Look.objects.count() == 10


def test_another_rule_has_everybody_looked_at(settings: object) -> None:
    looking.look_over()
    settings.TARGET_FPIR = 0.05  # type: ignore[attr-defined]
    assert looking.look_over() == 12


def test_who_goes_while_it_is_looked_at_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    four = enrolled("Person 4", Face(5, shot=7))
    keep = looking._keep

    def meanwhile(looked: object) -> None:
        erasure.remove_person(Person.objects.get(pk=four.pk), None)
        keep(looked)  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "_keep", meanwhile)
    looking.look_over()
    assert not Finding.objects.exists()


def test_a_process_is_started_when_there_is_something_to_look_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(processes, "start", lambda *arguments, **_: started.append(arguments))
    looking.launch_when_due()
    assert started == [("look_over", "--quiet")]
    call_command("look_over", quiet=True)
    looking.launch_when_due()
    assert len(started) == 1
    enrolled("Person 4", Face(4, shot=7))
    LookedOver.objects.update(began_at=timezone.now())
    looking.launch_when_due()
    assert len(started) == 1
    LookedOver.objects.update(began_at=timezone.now() - looking.GIVEN_UP)
    looking.launch_when_due()
    assert len(started) == 2


# what is done about it


def test_two_people_are_told_apart_for_good(client: Client, operator: User) -> None:
    double = enrolled("Double", Face(3, shot=5))
    looking.look_over()
    (finding,) = findings.unsettled("double")
    assert reverse("finding_settle", args=(finding.pk,)) in page(client, "double")
    client.post(reverse("finding_settle", args=(finding.pk,)))
    assert "Nothing of this kind." in page(client, "double")
    enrol_photo(double, photo(Face(3, shot=9)), "more.png", options=AS_THEY_ARE)
    looking.look_over()
    assert not findings.unsettled("double").exists()
    event = deeds().get(action="finding.settled")
    assert event.actor == operator


def test_who_was_told_apart_stays_so_when_they_are_merged_with_somebody(client: Client) -> None:
    double, other = enrolled("Double", Face(3, shot=5)), Person.objects.get(name="Person 9")
    looking.look_over()
    client.post(reverse("finding_settle", args=(findings.unsettled("double")[0].pk,)))
    merge(double, other, None)
    kept = Finding.objects.filter(kind="double").values_list("person__name", "other__name")
    assert set(kept) == {("Person 3", "Person 9"), ("Person 9", "Person 3")}


def test_two_who_are_one_are_merged_from_here(client: Client) -> None:
    enrolled("Double", Face(3, shot=5))
    looking.look_over()
    three, double = (Person.objects.get(name=name) for name in ("Person 3", "Double"))
    form = {"with": double.pk, "stays": three.pk, "from": "double"}
    response = client.post(reverse("person_merge", args=(three.pk,)), form)
    assert response.headers["Location"] == f"{reverse('to_look_at')}?kind=double"
    assert three.faces.count() == 4
    assert not Finding.objects.exists()


def test_a_photo_is_moved_to_whose_it_is_from_here(client: Client) -> None:
    four = enrolled("Person 4", Face(5, shot=7))
    looking.look_over()
    five, face = Person.objects.get(name="Person 5"), EnrolledFace.objects.get(filename="5-7.png")
    assert "It is Person 5: move it" in page(client, "like_another")
    form = {"face": face.pk, "to": five.pk, "from": "like_another"}
    client.post(reverse("photos_move", args=(four.pk,)), form)
    assert five.faces.count() == 4
    assert "Nothing of this kind." in page(client, "like_another")


def test_a_photo_that_is_right_is_not_asked_about_again(client: Client) -> None:
    enrolled("Person 4", Face(99))
    looking.look_over()
    client.post(reverse("finding_settle", args=(Finding.objects.get().pk,)))
    LookedOver.objects.update(rule="")
    looking.look_over()
    assert not findings.unsettled("unlike").exists()
    moving.move(EnrolledFace.objects.filter(filename="99-0.png"), Person.objects.all()[0], None)
    assert not Finding.objects.exists()


def test_people_with_one_photo_and_other_names_of_folders_are_listed(client: Client) -> None:
    lone = enrolled("Lone", Face(70))
    owners.remember("Loner", lone)
    owners.remember("Lone", lone)
    assert "Lone" in page(client, "one_photo")
    assert f"{reverse('person', args=(lone.pk,))}#add-photos" in page(client, "one_photo")
    (folder,) = findings.aliases()
    assert "called <b>Loner</b>" in page(client, "aliases")
    client.post(reverse("alias_forget", args=(folder.pk,)))
    assert not findings.aliases().exists()


def test_the_page_tells_how_many_own_photos_would_be_recognised(client: Client) -> None:
    assert "has not been checked yet" in page(client, "double")
    looking.look_over()
    left_out = "36 enrolled photos were left out one by one and looked for among the others"
    assert f"{left_out}: 36 were recognised." in page(client, "double")


def test_the_number_of_queries_does_not_grow(client: Client) -> None:
    def queries(kind: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("to_look_at"), {"kind": kind})
        return len(captured)

    kinds = ("double", "unlike", "one_photo", "aliases")
    enrolled("Person 4", Face(99))
    for number in (1, 2):
        enrolled(f"Double {number}", Face(number, shot=5))
    owners.remember("Alias 0", Person.objects.all()[0])
    looking.look_over()
    assert all(findings.counts().get(kind) for kind in kinds)
    few = [queries(kind) for kind in kinds]
    for number in range(3, 9):
        enrolled(f"Double {number}", Face(number, shot=5))
        enrolled(f"Person {number}", Face(90 + number))
        owners.remember(f"Alias {number}", Person.objects.all()[number])
    looking.look_over()
    assert findings.unsettled("double").count() > 3
    assert [queries(kind) for kind in kinds] == few


def test_a_gallery_under_no_calibration_is_left_alone(calibrated: Path) -> None:
    calibrated.unlink()
    assert looking.look_over() == 0


def test_looking_changes_nothing_for_whoever_answers(version: ModelVersion) -> None:
    before = revisions.last()
    looking.look_over()
    assert revisions.last() == before
