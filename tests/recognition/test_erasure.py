"""What goes with a person, and how that is proved."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from celery import current_app
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from recognition import tasks
from recognition.models import (
    AuditEvent,
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    TrainedPerson,
    Trial,
    User,
)
from recognition.services.audit import record
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answering import process, submit
from recognition.services.privacy import erasure, erasure_report, scrubbing, traces
from recognition.services.review.verdicts import review
from recognition.services.site import sweeping
from recognition.services.work import processes
from tests.recognition.conftest import Broker, Meanwhile
from tests.recognition.fakes import Face, StripeRecognizer, photo

Login = Callable[[User], Client]
NAME = "Аделаида Ковалевская"


@pytest.fixture(autouse=True)
def ada(recognizer: StripeRecognizer) -> Person:
    enrol_photo(Person(name="Bob"), photo(Face(2)), "bob.png")
    ada = Person(name=NAME, external_id="passport-0815")
    return enrol_photo(ada, photo(Face(1)), "adelaida.png")[0].person


def asked(user: User, name: str, *faces: Face) -> Identification:
    row = submit(user, [SimpleUploadedFile(name, photo(*faces))]).accepted[0]
    process(row.pk)
    return Identification.objects.get(pk=row.pk)


def confirmed(row: Identification, reviewer: User) -> Identification:
    review(row.faces.get(index=0), reviewer, "right")
    return row


# what goes


def test_photos_of_which_a_reviewer_said_so_go_whoever_asked_about_them(
    user: User,
    reviewer: User,
    ada: Person,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    kept = asked(user, "unjudged.png", Face(1, shot=2))
    others = confirmed(asked(user, "bob.png", Face(2, shot=1)), reviewer)
    enrolled = EnrolledFace.objects.get(person=ada)
    before = set(media.rglob("*.*")) - {Path(enrolled.crop.path), Path(enrolled.portrait.path)}
    theirs = confirmed(asked(user, "hers.png", Face(1, shot=1), Face(9)), reviewer)
    with django_capture_on_commit_callbacks(execute=True):
        event = erasure.remove_person(ada, reviewer)
    assert set(Identification.objects.all()) == {kept, others}
    assert set(media.rglob("*.*")) == before
    assert event.details["asked"] == [str(theirs.pk)]
    (gone,) = AuditEvent.objects.filter(action="photo.deleted")
    assert gone.details == {"lately": True, "reason": "asked", "user": user.pk}
    face = kept.faces.get()
    assert (face.person, list(face.candidates.filter(person_id=event.subject_id))) == (None, [])


def test_trials_that_compare_with_them_go(ada: Person, operator: User, version: Any) -> None:
    def trial(person: int) -> Trial:
        answers = {"stripes": [{"candidates": [{"person": person}]}]}
        return Trial.objects.create(model_version=version, requested_by=operator, answers=answers)

    trial(ada.pk)
    kept = [trial(Person.objects.get(name="Bob").pk), trial(0)]
    assert erasure.remove_person(ada, None).details["trials"] == 1
    assert set(Trial.objects.all()) == set(kept)


def test_who_is_erased_while_a_photo_is_looked_at_is_not_named(
    user: User, ada: Person, meanwhile: Meanwhile
) -> None:
    meanwhile(
        lambda: Person.objects.filter(pk=ada.pk).exists() and erasure.remove_person(ada, None)
    )
    row = asked(user, "late.png", Face(1, shot=1))
    assert row.faces.get().decision == "unknown"
    assert [one.person.name for one in row.faces.get().candidates.all()] == ["Bob"]


# the report


@pytest.fixture
def report(ada: Person, reviewer: User, user: User, version: ModelVersion) -> dict[str, Any]:
    confirmed(asked(user, "hers.png", Face(1, shot=1)), reviewer)
    TrainedPerson.objects.create(model_version=version, number=0, person_id=ada.pk)
    return erasure_report.of(erasure.remove_person(ada, reviewer))


def objections(report: dict[str, Any]) -> list[str]:
    """Those but that the tables are still to be written anew."""
    return [code for code in erasure_report.objections(report) if code != "not_overwritten"]


def test_a_report_has_numbers_and_nothing_else(report: dict[str, Any]) -> None:
    text = json.dumps(report, ensure_ascii=False)
    assert not any(said in text for said in (NAME, "passport", "adelaida", "hers.png"))
    assert len(report["enrolled_photos"]) == len(report["photos_asked_about"]) == 1
    assert report["versions_trained_on_them"] == ["stripes"]
    assert objections(report) == []


def test_a_changed_report_is_not_believed(report: dict[str, Any]) -> None:
    for changed in (
        {**report, "person": 99},
        {**report, "enrolled_photos": []},
        {name: value for name, value in report.items() if name != "signature"},
        {**report, "signature": None},
    ):
        assert objections(changed) == ["not_signed"]


def test_what_is_back_is_told(report: dict[str, Any], user: User) -> None:
    Person.objects.create(pk=report["person"], name="Somebody")
    row = Identification.objects.create(pk=report["photos_asked_about"][0], user=user)
    assert objections(report) == ["person", "photos_asked_about"]
    row.delete()
    TrainedPerson.objects.update(erased_at=None)
    assert objections(report) == ["person", "classes"]


def test_it_does_not_hold_until_the_database_was_written_anew(report: dict[str, Any]) -> None:
    assert list(erasure_report.objections(report)) == ["not_overwritten"]
    head = AuditEvent.objects.order_by("number").last()
    assert head is not None
    record(None, scrubbing.SCRUBBED, None, through=head.number)
    assert list(erasure_report.objections(report)) == []


def test_an_operator_downloads_it_after_the_removal(
    ada: Person, operator: User, user: User, login: Login
) -> None:
    browser = login(operator)
    page = browser.post(reverse("person_remove", args=[ada.pk]), follow=True).content.decode()
    number = AuditEvent.objects.get(action="person.removed").number
    address = reverse("erased", args=[number])
    assert address in page
    answered = browser.get(address)
    assert "attachment" in answered["Content-Disposition"]
    assert objections(answered.json()) == []
    assert browser.get(reverse("erased", args=[number + 1])).status_code == 404
    assert login(user).get(address).status_code == 403


# the database written anew


def test_a_worker_is_asked_for_it_once_and_again_if_nothing_comes_of_it(
    ada: Person, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "_asked", (0, 0.0))
    sweeping.sweep()
    assert broker.sent("training") == []
    erasure.remove_person(ada, None)
    sweeping.sweep()
    sweeping.sweep()
    assert broker.sent("training") == [("scrub", "")]
    monkeypatch.setattr(scrubbing, "AGAIN_SECONDS", -1.0)
    sweeping.sweep()
    assert len(broker.sent("training")) == 2


def test_the_worker_starts_a_process_while_it_is_owed(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(processes, "start", lambda *arguments: started.append(arguments))
    tasks.scrub()
    assert started == []
    erasure.remove_person(ada, None)
    tasks.scrub()
    assert started == [("scrub", "--quiet")]
    assert "recognition.tasks.scrub" in current_app.tasks


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_in_the_bytes_of_anything(
    reviewer: User, user: User, ada: Person, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    confirmed(asked(user, "hers.png", Face(1, shot=1)), reviewer)
    needles = traces.of_person(ada)
    assert len(needles) > 15
    database = Path(settings.DATA_DIR) / settings.DATABASES["default"]["NAME"]
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if on_sqlite:
        assert [path for path in traces.found(needles) if path.name.startswith(database.name)]
    call_command("erase_person", "passport-0815", yes=True, report=tmp_path / "report.json")
    assert list(traces.found(needles)) == []
    call_command("verify_erasure", str(tmp_path / "report.json"), search=[NAME])
    assert "Nothing of the person is there." in capsys.readouterr().out


def test_what_others_have_too_and_what_is_short_is_not_taken_for_theirs(
    ada: Person, user: User
) -> None:
    enrol_photo(Person.objects.get(name="Bob"), photo(Face(2, shot=3)), "portrait-of-1.png")
    enrol_photo(ada, photo(Face(1, shot=3)), "portrait-of-1.png")
    enrol_photo(ada, photo(Face(1, shot=4)), "portrait-of-2.png")
    enrol_photo(ada, photo(Face(1, shot=5)), "0.png")
    needles = traces.of_person(ada)
    assert b"portrait-of-2.png" in needles
    assert not {b"portrait-of-1.png", b"0.png"} & needles


# commands


@pytest.mark.parametrize("said", ["passport-0815", NAME, NAME.replace(" ", "_"), "number"])
def test_a_person_is_named_by_number_external_id_or_name(
    said: str, ada: Person, tmp_path: Path
) -> None:
    call_command(
        "export_person", str(ada.pk) if said == "number" else said, str(tmp_path / "a.zip")
    )
    assert (tmp_path / "a.zip").stat().st_mode & 0o777 == 0o600


def test_who_is_meant_has_to_be_clear(ada: Person, tmp_path: Path) -> None:
    for nobody in ("Ковалевская", "99", str(2**70), ""):
        with pytest.raises(CommandError, match="There is nobody"):
            call_command("export_person", nobody, str(tmp_path / "a.zip"))
    twin = Person.objects.create(name="Bob", external_id=NAME)
    with pytest.raises(CommandError, match=f"{ada.pk}: .*{twin.pk}: Bob"):
        call_command("erase_person", NAME, yes=True)
    assert Person.objects.count() == 3


def test_nothing_is_erased_unless_somebody_says_yes(
    ada: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for typed in ("no\n", ""):  # of which the latter is the end of what is typed
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(CommandError, match="Nothing was erased"):
            call_command("erase_person", NAME)
    assert "Enrolled photos: 1" in capsys.readouterr().out
    assert Person.objects.filter(pk=ada.pk).exists()


def test_everything_about_a_person_is_in_one_archive(
    ada: Person, user: User, reviewer: User, operator: User, login: Login
) -> None:
    hers = confirmed(asked(user, "hers.png", Face(1, shot=1), Face(2)), reviewer)
    response = login(operator).get(reverse("person_export", args=[ada.pk]))
    archive = ZipFile(io.BytesIO(b"".join(response)))
    said = json.loads(archive.read("person.json"))
    assert (said["name"], said["external_id"]) == (NAME, "passport-0815")
    (enrolled,) = said["enrolled"]
    assert (enrolled["file"], enrolled["embeddings"][0]["model"]) == ("adelaida.png", "stripes")
    template = EnrolledFace.objects.get(person=ada).templates.get()
    assert b64decode(enrolled["embeddings"][0]["base64"]) == bytes(template.embedding)
    (answer,) = said["answers"]
    probe = ProbeFace.objects.get(identification=hers, index=0)
    assert (answer["number"], answer["review"]) == (probe.pk, "right")
    folder = f"enrolled/{enrolled['number']}"
    assert set(archive.namelist()) == {
        "person.json",
        f"{folder}/portrait.jpg",
        f"{folder}/face.png",
        f"answers/{probe.pk}/face.png",
    }
    assert AuditEvent.objects.get(action="person.exported").actor == operator


def test_a_file_that_is_there_is_not_overwritten(ada: Person, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_person", NAME, str(tmp_path / "a.zip"))
    with pytest.raises(CommandError, match="nowhere"):
        call_command("export_person", NAME, str(tmp_path / "nowhere" / "a.zip"))
    assert (tmp_path / "a.zip").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"signature": 1}', "{" * 50_000])
def test_what_is_no_report_is_refused(text: str, db: None, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(CommandError):
        call_command("verify_erasure", str(tmp_path / "report.json"))
