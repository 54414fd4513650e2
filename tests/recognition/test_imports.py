"""People who are brought in from the browser: sent, looked at, chosen among, enrolled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from facesite import space
from recognition.models import (
    AuditEvent,
    Consent,
    EnrolledFace,
    Import,
    ImportFile,
    ImportRun,
    Person,
    User,
)
from recognition.presenters.imports import ImportPage
from recognition.services.gallery import imports, staged
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.privacy.erasure import remove_person
from recognition.services.site.sweeping import tidy
from tests.factories import make_user
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_enrol_archive import OldName

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("recognizer")]
Login = Callable[[User], Client]
Files = dict[str, bytes]

ANN, BEN = photo(Face(1)), photo(Face(2))
TWO = photo(Face(3), Face(4))


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


def archive(files: Files) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def upload(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def send(client: Client, files: Files, **fields: Any) -> Any:
    archived = {"archive": upload("people.zip", archive(files))}
    return client.post(reverse("people_import"), {"everybody": "on", **archived, **fields})


def work() -> None:
    """What the process does that a worker starts."""
    for run in ImportRun.objects.filter(status="queued"):
        imports.process(run.pk)


def looked_at(client: Client, files: Files, **fields: Any) -> Import:
    send(client, files, **fields)
    work()
    return Import.objects.get()


def page(client: Client, batch: Import) -> str:
    return " ".join(client.get(reverse("import", args=[batch.pk])).content.decode().split())


def enrol(client: Client, batch: Import) -> None:
    client.post(reverse("import_enrol", args=[batch.pk]))
    work()


def choose(client: Client, path: str, **wanted: Any) -> ImportFile:
    file = ImportFile.objects.get(path=path)
    client.post(reverse("import_choose", args=[file.pk]), wanted)
    file.refresh_from_db()
    return file


def outcomes(batch: Import) -> dict[str, str]:
    return dict(batch.files.exclude(folder="").values_list("path", "outcome"))


def names() -> set[str]:
    return set(Person.objects.values_list("name", flat=True))


@pytest.mark.parametrize("around", ["", "people/"])
def test_an_archive_is_looked_at_and_nothing_is_enrolled_before_somebody_says_so(
    client: Client, around: str
) -> None:
    files = {f"{around}Ann/0.png": ANN, f"{around}Ann/sky.png": photo(), f"{around}Анна/0.png": BEN}
    batch = looked_at(client, files)
    assert sorted(outcomes(batch).values()) == ["new", "new", "refused"]
    assert "No face was found" in page(client, batch)
    assert "The photos are being checked" not in page(client, batch)
    assert not Person.objects.exists()
    enrol(client, batch)
    assert names() == {"Ann", "Анна"}
    assert "What came of it" in page(client, batch)


def test_a_folder_arrives_in_parts_of_which_none_is_stored_twice(client: Client) -> None:
    client.post(reverse("people_import"), {"folder": "on", "everybody": "on"})
    batch = Import.objects.get()
    address = reverse("import_files", args=[batch.pk])
    first = {"path": ["people/Ann/0.png"], "file": [upload("0.png", ANN)]}
    assert client.post(address, first).status_code == 204
    assert client.get(address).json() == {"paths": ["people/Ann/0.png"]}
    assert "1 file has arrived" in page(client, batch)
    both = [upload("0.png", ANN), upload("0.png", BEN)]
    more = {"path": ["people/Ann/0.png", "people/Ben/0.png"], "file": both}
    client.post(address, more)
    nameless = {"path": ["people/Ann/\0.png"], "file": [upload("0.png", ANN)]}
    assert client.post(address, nameless).status_code == 204
    assert batch.files.count() == 2
    client.post(reverse("import_look", args=[batch.pk]))
    work()
    assert outcomes(batch) == {"people/Ann/0.png": "new", "people/Ben/0.png": "new"}
    assert client.post(address, first).status_code == 400, "it was looked at already"


def test_what_is_enrolled_already_stays_as_it_is(client: Client) -> None:
    ann, _ = enrol_photo(Person(name="Ann"), ANN, "0.png")
    batch = looked_at(client, {"Ann/0.png": ANN, "Ann/1.png": photo(Face(1, shot=1))})
    assert outcomes(batch) == {"Ann/0.png": "unchanged", "Ann/1.png": "new"}
    enrol(client, batch)
    assert outcomes(batch) == {"Ann/0.png": "unchanged", "Ann/1.png": "enrolled"}
    assert ann.person.faces.count() == 2


def test_one_of_several_faces_is_chosen_and_the_choice_can_be_taken_back(client: Client) -> None:
    batch = looked_at(client, {"Ann/two.png": TWO})
    assert outcomes(batch) == {"Ann/two.png": "refused"}
    file = ImportFile.objects.get()
    assert client.get(reverse("photo", args=["import", file.pk])).status_code == 200
    assert choose(client, "Ann/two.png", face=1).outcome == "new"
    assert choose(client, "Ann/two.png").outcome == "refused"
    assert choose(client, "Ann/two.png", face=7).outcome == "refused", "there is no such face"
    choose(client, "Ann/two.png", face=1)
    enrol(client, batch)
    enrolled = EnrolledFace.objects.get()
    assert enrolled.box == file.faces[1]
    assert outcomes(batch) == {"Ann/two.png": "enrolled"}


def test_what_looks_like_another_comes_in_only_if_somebody_says_so(client: Client) -> None:
    for person, name in ((1, "Ann"), (2, "Ben")):
        for shot in range(2):
            enrol_photo(
                Person.objects.filter(name=name).first() or Person(name=name),
                photo(Face(person, shot=shot)),
                "x.png",
            )
    batch = looked_at(client, {"Ann/wrong.png": photo(Face(2, shot=5))})
    assert "The face looks like Ben" in page(client, batch)
    choose(client, "Ann/wrong.png", force="on")
    enrol(client, batch)
    assert Person.objects.get(name="Ann").faces.count() == 3


def test_what_is_left_out_is_not_enrolled(client: Client) -> None:
    batch = looked_at(client, {"Ann/two.png": TWO, "Ben/0.png": BEN})
    choose(client, "Ann/two.png", face=0)
    assert choose(client, "Ann/two.png", leave_out="on").outcome == "left_out"
    enrol(client, batch)
    assert names() == {"Ben"}
    assert outcomes(batch)["Ann/two.png"] == "left_out"


def test_a_page_that_was_begun_before_the_look_ended_names_mistakes_too(client: Client) -> None:
    table = upload("list.csv", b"name,external_id\nCy,1\n")
    send(client, {"people/Ann/0.png": ANN}, table=table)
    begun = ImportPage(Import.objects.get())
    work()
    assert begun.ready
    assert begun.notes == [("list.csv", "Line 2: no folder has this name.")]


def test_a_table_beside_an_archive_tells_more_and_its_mistakes_are_named(client: Client) -> None:
    table = "name;external_id;consent\nAnn;A-1;да\nBen;;no\nCy;;yes\n".encode()
    fields = {"table": upload("list.csv", table), "recognition": "on", "how": "paper"}
    batch = looked_at(client, {"people/Ann/0.png": ANN, "people/Ben/0.png": BEN}, **fields)
    assert "<b>list.csv</b> Line 4: no folder has this name." in page(client, batch)
    enrol(client, batch)
    assert Person.objects.get(name="Ann").external_id == "A-1"
    (consent,) = Consent.objects.all()
    assert (consent.person.name, consent.how) == ("Ann", "paper")
    assert consent.taken_by == batch.requested_by


def test_of_two_tables_of_one_name_the_one_beside_the_archive_counts(client: Client) -> None:
    beside = {"table": upload("list.csv", b"name,external_id\nAnn,1\n")}
    files = {"Ann/0.png": ANN, "list.csv": b"name,external_id\nAnn,2\n"}
    enrol(client, looked_at(client, files, **beside))
    assert Person.objects.get().external_id == "1"


@pytest.mark.parametrize(("everybody", "consents"), [("on", 2), ("", 0)])
def test_consent_of_the_whole_import_is_recorded_with_the_photos(
    client: Client, everybody: str, consents: int, settings: Settings
) -> None:
    settings.REQUIRE_CONSENT = True
    agreed = {"recognition": "on", "how": "paper", "everybody": everybody}
    batch = looked_at(client, {"Ann/0.png": ANN, "Ben/0.png": BEN}, **agreed)
    enrol(client, batch)
    assert Consent.objects.count() == consents
    assert EnrolledFace.objects.count() == consents, "nobody comes in without"


def test_how_they_agreed_has_to_be_said(client: Client) -> None:
    response = send(client, {"Ann/0.png": ANN}, recognition="on")
    assert response.status_code == 422
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"not a ZIP", "not a ZIP archive"),
        (archive({f"Ann/{n}.png": b"x" for n in range(6)}), "At most 5 files"),
    ],
)
def test_an_archive_that_cannot_be_used_leaves_nothing_behind(
    client: Client, media: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, sentence: str
) -> None:
    monkeypatch.setattr(staged, "MOST_FILES", 5)
    response = client.post(reverse("people_import"), {"archive": upload("people.zip", data)})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Import.objects.exists()
    assert not [*media.rglob("imports/*")]


def test_a_disk_without_room_leaves_nothing_behind(
    client: Client, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = iter([True])
    monkeypatch.setattr(space, "is_there", lambda _size=0: next(room, False))
    client.raise_request_exception = False
    response = send(client, {"Ann/0.png": ANN, "Ben/0.png": BEN})
    assert response.status_code == 507
    assert not Import.objects.exists()
    assert not [*media.rglob("imports/*")]


def test_files_that_bite_are_refused_by_name_and_the_others_come_in(client: Client) -> None:
    bomb = b"\x89PNG\r\n\x1a\n" + bytes(31 * 2**20)
    files = {
        "Ann/0.png": ANN,
        "Ann/bomb.png": bomb,
        "../../Eve/0.png": BEN,
        "Ann/deep/er/x.png": BEN,
        "Ben/0.png": BEN,
    }
    batch = looked_at(client, files)
    came_to = {"Ann/0.png": "new", "Ann/bomb.png": "refused", "Ben/0.png": "new"}
    assert outcomes(batch) == came_to
    shown = page(client, batch)
    assert "This photo has 31.1 MB; the limit is 30 MB." in shown
    assert "Only the photos directly in a person&#x27;s folder are looked at." in shown


def test_old_encodings_of_names_are_read(client: Client) -> None:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as packed:
        packed.writestr(OldName("Мария Ёлкина/0.png", "cp866"), ANN)
    client.post(reverse("people_import"), {"archive": upload("p.zip", buffer.getvalue())})
    work()
    enrol(client, Import.objects.get())
    assert names() == {"Мария Ёлкина"}


THREE = {
    f"{name}/0.png": photo(Face(number)) for number, name in enumerate(("Ann", "Ben", "Cy"), 1)
}


def test_a_process_that_is_killed_goes_on_with_the_photo_it_was_at(
    client: Client, recognizer: StripeRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recognize(image: Any) -> Any:
        if recognizer.looked_at == 2:
            raise SystemExit
        return StripeRecognizer.recognize(recognizer, image)

    monkeypatch.setattr(recognizer, "recognize", recognize)
    send(client, THREE)
    run = ImportRun.objects.get()
    with pytest.raises(SystemExit):
        imports.process(run.pk)
    assert ImportFile.objects.filter(done=True).count() == 2
    monkeypatch.setattr(recognizer, "recognize", partial(StripeRecognizer.recognize, recognizer))
    ImportRun.objects.update(claimed_by="elsewhere/1/1")
    imports.process(run.pk, redelivered=True)
    assert set(outcomes(run.batch).values()) == {"new"}
    assert recognizer.looked_at == 3, "none was looked at twice"


def test_the_report_is_a_table_in_which_nothing_is_a_formula(client: Client) -> None:
    batch = looked_at(client, {"=Ann/0.png": ANN, "=Ann/sky.png": photo()})
    enrol(client, batch)
    response = client.get(reverse("import_report", args=[batch.pk]))
    text = b"".join(response).decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0] == "File,Person,Outcome,Reason"
    assert lines[1] == "'=Ann/0.png,'=Ann,Enrolled,"
    assert lines[2].startswith("'=Ann/sky.png,'=Ann,Refused,No face was found.")


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_goes_once_it_is_enrolled_and_the_rest_after_a_day(
    client: Client, media: Path
) -> None:
    batch = looked_at(client, {"Ann/0.png": ANN, "Ann/two.png": TWO})
    assert len([*media.rglob("imports/*")]) == 2
    enrol(client, batch)
    assert not [*media.rglob("imports/*"), *media.rglob("previews/*")]
    tidy()
    assert Import.objects.exists()
    Import.objects.update(created_at=timezone.now() - dt.timedelta(hours=25))
    tidy()
    assert not ImportFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_discarding_an_import_takes_its_files_along(client: Client, media: Path) -> None:
    batch = looked_at(client, {"Ann/0.png": ANN})
    client.post(reverse("import_drop", args=[batch.pk]))
    assert not Import.objects.exists()
    assert not [*media.rglob("imports/*")]


@pytest.mark.django_db(transaction=True)
def test_whoever_is_erased_leaves_an_import_that_waits(client: Client, media: Path) -> None:
    ann, _ = enrol_photo(Person(name="Ann"), ANN, "0.png")
    looked_at(client, {"Ann/1.png": photo(Face(1, shot=1)), "Ben/0.png": BEN})
    remove_person(ann.person, None)
    assert list(ImportFile.objects.values_list("path", flat=True)) == ["Ben/0.png"]
    assert len([*media.rglob("imports/*")]) == 1


def test_twice_is_once_and_it_is_in_the_log(client: Client) -> None:
    batch = looked_at(client, {"Ann/0.png": ANN})
    for _ in range(2):
        client.post(reverse("import_enrol", args=[batch.pk]))
    assert batch.runs.count() == 2
    work()
    assert AuditEvent.objects.get(action="people.imported").details == {"photos": 1}
    assert AuditEvent.objects.get(action="face.enrolled").actor == batch.requested_by


def test_nobody_sees_what_another_operator_brings_in(client: Client, login: Login) -> None:
    batch = looked_at(client, {"Ann/0.png": ANN})
    other = login(make_user("operator"))
    for name in ("import", "import_report", "import_files"):
        assert other.get(reverse(name, args=[batch.pk])).status_code == 404


def test_the_page_asks_as_often_for_many_people_as_for_one(client: Client) -> None:
    def queries(files: Files) -> int:
        Import.objects.all().delete()
        batch = looked_at(client, files)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(client, batch)
        return len(asked)

    many = {
        f"P{n}/{k}.png": photo(Face(n)) if k else photo() for n in range(1, 9) for k in range(2)
    }
    assert queries({"Ann/0.png": ANN, "Ann/1.png": photo()}) == queries(many)
