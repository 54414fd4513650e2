"""A site that asks for consent: what it refuses to do without one."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from recognition.models import (
    Consent,
    EnrolledFace,
    Enrolment,
    How,
    Identification,
    Person,
    Purpose,
    User,
)
from recognition.services.gallery import agreements
from recognition.services.gallery.agreements import Agreed
from recognition.services.gallery.enrolling import Options, enrol_photo
from recognition.services.gallery.people import process_enrolment
from recognition.services.identification import answering
from recognition.services.training import faces as training_faces
from tests.factories import agreed
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_enrol_command import album, enrol, put

__all__ = ["album"]
Login = Callable[[User], Client]
pytestmark = pytest.mark.usefixtures("recognizer")
BOTH = ("--consent", "--consent-to", "both")


@pytest.fixture(autouse=True)
def _required(settings: Settings) -> None:
    settings.REQUIRE_CONSENT = True


@pytest.fixture
def ada(recognizer: StripeRecognizer, settings: Settings) -> Person:
    """Enrolled before consent was asked for."""
    settings.REQUIRE_CONSENT = False
    person = enrol_photo(Person(name="Ada"), photo(Face(1)), "ada.png")[0].person
    settings.REQUIRE_CONSENT = True
    return person


def named(user: User, number: int = 1) -> str:
    (row,) = answering.submit(user, [SimpleUploadedFile("p.png", photo(Face(number, 9)))]).accepted
    answering.process(row.pk)
    return str(Identification.objects.get(pk=row.pk).faces.get().person or "")


def test_nobody_is_named_of_whom_no_consent_is_on_record(ada: Person, user: User) -> None:
    assert named(user) == ""
    agreed(ada, Purpose.TRAINING)
    assert named(user) == ""
    terms = Agreed((Purpose.RECOGNITION,), How.PAPER)
    agreements.give(Person.objects.all(), terms, None)
    assert named(user) == "Ada"


def test_the_page_refuses_photos_of_whoever_has_not_agreed(
    ada: Person, operator: User, login: Login
) -> None:
    client, address = login(operator), reverse("person_enrol", args=(ada.pk,))
    photos = {"photos": [SimpleUploadedFile("2.png", photo(Face(1, 2)))]}
    refused = client.post(address, photos)
    assert refused.status_code == 422
    assert "No consent of this person to be recognised is on record" in refused.text
    assert "The site does not name this person" in refused.text
    assert not Enrolment.objects.exists()
    photos = {"photos": [SimpleUploadedFile("2.png", photo(Face(1, 2)))]}
    assert client.post(address, {**photos, "recognition": "on"}).status_code == 422
    photos = {"photos": [SimpleUploadedFile("2.png", photo(Face(1, 2)))]}
    client.post(address, {**photos, "recognition": "on", "how": "paper"})
    process_enrolment(Enrolment.objects.get().pk)
    assert ada.faces.count() == 2
    assert ada.consents.get().taken_by == operator


def test_who_withdraws_while_a_photo_waits_is_not_enrolled(ada: Person, operator: User) -> None:
    agreed(ada, Purpose.RECOGNITION)
    row = Enrolment(person=ada, requested_by=operator, filename="2.png")
    row.original.save("2.png", SimpleUploadedFile("2.png", photo(Face(1, 2))))
    agreements.withdraw(ada, [Purpose.RECOGNITION], None)
    process_enrolment(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("rejected", "no_consent")
    assert ada.faces.count() == 1


def test_the_command_refuses_and_names_what_records_it(album: Path) -> None:
    for options in ([], ["--consent"], ["--dry-run"]):
        answer = enrol(album, *options, code=1)
        assert {each["reason"] for each in answer["refused"]} == {"no_consent"}
        assert "--consent --consent-to both" in answer["refused"][0]["message"]
    assert not Person.objects.exists()


def test_the_command_enrols_with_the_consent_that_it_is_told_of(album: Path, user: User) -> None:
    assert enrol(album, *BOTH, "--dry-run")["enrolled"] == 3
    assert not Consent.objects.exists()
    assert enrol(album, *BOTH, "--consent-how", "paper", "--consent-text", "1")["enrolled"] == 3
    rows = Consent.objects.values_list("person__name", "purpose", "how", "text__number")
    assert sorted(rows) == [
        (name, purpose, "paper", 1)
        for name in ("Ann_Lee", "Ben")
        for purpose in ("recognition", "training")
    ]
    assert named(user) == "Ann Lee"
    assert enrol(album)["unchanged"] == 3


def test_a_table_says_who_has_not_agreed(album: Path) -> None:
    put(album / "people.csv", b"name,consent\nBen,no\n")
    answer = enrol(album, *BOTH)
    assert {each["reason"] for each in answer["refused"]} == {"no_consent"}
    assert Person.objects.get().name == "Ann_Lee"


def test_to_run_the_command_again_undoes_no_withdrawal(album: Path) -> None:
    enrol(album, *BOTH)
    agreements.withdraw(Person.objects.get(name="Ben"), list(Purpose), None)
    put(album / "Ben" / "more.png", photo(Face(2, 3)))
    answer = enrol(album, *BOTH)
    assert [each["reason"] for each in answer["refused"]] == ["no_consent"] * 2
    assert not any(one.is_current for one in Consent.objects.filter(person__name="Ben"))


def test_a_version_of_the_text_that_is_none_is_a_clear_sentence(album: Path) -> None:
    with pytest.raises(CommandError, match="There is no version 7 of the text of consent"):
        call_command("enrol", str(album), *BOTH, "--consent-text", "7", stderr=StringIO())


def test_a_reviewed_photo_is_refused_like_any_other(ada: Person) -> None:
    with pytest.raises(Exception, match="no_consent"):
        enrol_photo(ada, photo(Face(1, 3)), "3.png", options=Options(force=True))
    assert EnrolledFace.objects.count() == 1


@pytest.mark.slow
def test_a_training_on_the_sites_own_faces_refuses_them(ada: Person) -> None:
    assert training_faces.site_dataset() == {}
    said = StringIO()
    with pytest.raises(CommandError, match="Only people whose consent covers training count"):
        call_command("retrain", "--from-site", "--quiet", "--dry-run", stdout=said, stderr=said)
    agreed(ada, Purpose.TRAINING)
    assert list(training_faces.site_dataset()) == [str(ada.pk)]
