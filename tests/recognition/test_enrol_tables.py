"""What `manage.py enrol` is told of people: a table beside the photos, consent; and its dry run."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from recognition.models import AuditEvent, Consent, EnrolledFace, FolderName, Person, Purpose
from recognition.services import consent
from recognition.services.gallery import bulk
from recognition.services.privacy import erasure
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_enrol_command import album, enrol, put, renamed

__all__ = ["album"]
pytestmark = pytest.mark.usefixtures("recognizer")


def told() -> dict[str, tuple[str, bool]]:
    """External id of everybody, and whether their consent covers training."""
    covered = set(Person.objects.filter(consent.covers(Purpose.TRAINING)))
    return {person.name: (person.external_id, person in covered) for person in Person.objects.all()}


@pytest.mark.parametrize(
    "table",
    [
        b"name,external_id,consent\nAnn Lee,K-17,yes\nBen,,no\n",
        "Имя;Внешний идентификатор;Согласие\r\nann_lee;K-17;да\r\nBen;;нет\r\n".encode("cp1251"),
        "\ufeffConsent\tName\tExternal ID\tNote\n1\tAnn_Lee\tK-17\tx\n\n0\tBEN\t\n".encode(),
    ],
)
def test_a_table_gives_external_ids_and_consent(album: Path, table: bytes) -> None:
    put(album / "people.csv", table)
    assert len(enrol(album, "--consent")["refused"]) == 1
    assert told() == {"Ann_Lee": ("K-17", True), "Ben": ("", False)}


def test_what_it_says_later_holds_for_people_who_are_there(album: Path) -> None:
    enrol(album)
    put(album / "people.csv", b"name,external_id,consent\nBen,7,yes\n")
    enrol(album)
    assert told() == {"Ann_Lee": ("", False), "Ben": ("7", True)}
    event = AuditEvent.objects.get(action="person.changed")
    assert event.details["fields"] == ["external_id"]
    enrol(album)
    for action in ("person.changed", "consent.given"):
        assert AuditEvent.objects.filter(action=action).count() == 1


def test_an_external_id_tells_namesakes_apart(album: Path) -> None:
    other = Person.objects.create(name="Ben", external_id="1")
    put(album / "people.csv", b"name,external_id\nBen,2\n")
    enrol(album)
    assert other.faces.count() == 0
    assert Person.objects.get(external_id="2").faces.count() == 1


def test_whoever_has_the_external_id_is_meant_whatever_their_name(album: Path) -> None:
    enrol(album)
    Person.objects.filter(name="Ben").update(external_id="2")
    bob = renamed("Ben", "Bob")
    (album / "Ben").rename(album / "B")
    put(album / "B" / "1.png", photo(Face(2, 1)))
    put(album / "people.csv", b"name,external_id\nB,2\n")
    enrol(album)
    assert bob.faces.count() == 2


def test_bad_rows_are_named_by_their_line_and_the_others_count(album: Path) -> None:
    rows = ("name,external_id,consent", "Ben,7,maybe", ",8,yes", "Eve,9,yes", "Ann Lee,1,yes")
    put(album / "people.csv", "\n".join([*rows, "ann_lee,2,no"]).encode())
    answer = enrol(album)
    assert {each["message"].partition(":")[0] for each in answer["refused"]} >= {
        "Line 2",
        "Line 3 has no name.",
        "Line 4",
        "Line 6",
    }
    assert told() == {"Ann_Lee": ("1", True), "Ben": ("", False)}


@pytest.mark.parametrize("table", [b"Ann Lee,1\n", b"", b"\x00\xff"])
def test_a_table_without_names_of_columns_is_refused(album: Path, table: bytes) -> None:
    put(album / "people.csv", table)
    assert "name the columns" in enrol(album)["refused"][0]["message"]


def test_consent_is_what_the_command_says_of_everybody_in_the_folder(album: Path) -> None:
    other = Person.objects.create(name="Cleo")
    enrol(album)
    assert not Consent.objects.exists()
    enrol(album, "--consent")
    assert told() == {"Ann_Lee": ("", True), "Ben": ("", True), other.name: ("", False)}
    enrol(album)
    assert told()["Ben"] == ("", True)


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(
    album: Path, media: Path, recognizer: StripeRecognizer
) -> None:
    put(album / "people.csv", b"name,external_id\nBen,7\n")
    answer = enrol(album, "--dry-run", "--consent")
    assert (answer["people"], answer["enrolled"], len(answer["refused"])) == (2, 3, 1)
    assert not media.exists()
    for model in (Person, EnrolledFace, FolderName, AuditEvent):
        assert not model.objects.exists()
    assert enrol(album)["enrolled"] == 3
    put(album / "Ann_Lee" / "wrong.png", photo(Face(2, 3)))
    again = enrol(album, "--dry-run")
    assert (again["people"], again["enrolled"], again["unchanged"]) == (2, 0, 3)
    assert "looks_like_another" in {each["reason"] for each in again["refused"]}


def test_a_dry_run_says_so_in_words(album: Path) -> None:
    out = StringIO()
    call_command("enrol", str(album), "--dry-run", stdout=out, stderr=StringIO())
    assert "Nothing was changed." in out.getvalue()
    assert "3 would be enrolled" in out.getvalue()


def test_a_photo_of_several_names_the_option_that_helps(album: Path) -> None:
    put(album / "Ben" / "two.png", photo(Face(2, 1, width=90), Face(3, width=30)))
    several = [each for each in enrol(album)["refused"] if each["reason"] == "several_faces"]
    assert "--largest" in several[0]["message"]


def test_who_is_removed_meanwhile_does_not_come_back(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last photo of a folder and what is kept of it."""
    put(album / "people.csv", b"name,consent\nAnn Lee,yes\nBen,yes\n")
    has_photos = bulk._has_photos

    def removed_after(person: Person) -> bool:
        answer = has_photos(person)
        erasure.remove_person(Person.objects.get(pk=person.pk), None)
        return answer

    monkeypatch.setattr(bulk, "_has_photos", removed_after)
    enrol(album)
    assert not Person.objects.exists()
    assert not FolderName.objects.exists()
