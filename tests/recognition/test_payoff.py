"""What the site says before a training: what more photos add here, and what trainings brought."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from recognition.messages import payoff as words
from recognition.models import Enrolment, ModelVersion, Person, ProbeFace, Status, TrainingRun, User
from recognition.presenters.payoff import of_this_site
from recognition.services.gallery import reviewed
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.gallery.people import process_enrolment
from recognition.services.identification.answering import process, submit
from recognition.services.review.verdicts import review
from tests.factories import agreed
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.rows import GATE

Login = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(operator: User, login: Login) -> Client:
    return login(operator)


@pytest.fixture
def gallery(calibrated: Path, recognizer: StripeRecognizer) -> list[Person]:
    """Six people with three photos each, and the calibration of the version on disk."""
    return [enrolled(number, 3) for number in range(1, 7)]


def enrolled(number: int, photos: int) -> Person:
    person = agreed(Person.objects.create(name=f"Person {number}"))
    for shot in range(photos):
        enrol_photo(person, photo(Face(number, shot=shot)), f"{shot}.png")
    return person


def confirm(user: User, reviewer: User, number: int) -> ProbeFace:
    upload = SimpleUploadedFile("asked.png", photo(Face(number, shot=77)))
    row = submit(user, [upload]).accepted[0]
    process(row.pk)
    return review(row.faces.get(), reviewer, "right")


def trained(name: str, difference: float, *, from_site: bool = True) -> None:
    reasons = [reason for reason in GATE["reasons"] if "fpir" in reason["params"]]
    params = {**reasons[0]["params"], "difference": difference, "low": -0.02, "high": 0.01}
    gate = {"passed": False, "reasons": [{"code": "dir", "params": params}], "against": "stripes"}
    made = ModelVersion.objects.create(
        name=name, digest=f"{name:0>64}", embedding_size=128, gate=gate
    )
    TrainingRun.objects.create(
        name=name,
        architecture="sface",
        status=Status.DONE,
        version=made,
        arguments={"from_site": from_site},
    )


def test_what_more_photos_bring_is_measured_on_the_gallery(gallery: list[Person]) -> None:
    found = of_this_site().more_photos
    assert found is not None
    assert (found.people, found.photos) == (6, 18)
    assert (found.one.value, found.every.value) == (1.0, 1.0)  # stripes are easy to tell apart
    assert "recognises 100.0% with one other photo of each person" in words.more_photos(found)


def test_it_is_measured_anew_when_the_gallery_has_changed(gallery: list[Person]) -> None:
    assert of_this_site().more_photos == of_this_site().more_photos
    enrolled(7, 3)
    found = of_this_site().more_photos
    assert found is not None
    assert found.people == 7


@pytest.mark.usefixtures("recognizer")
def test_of_a_few_people_it_cannot_be_told(db: None) -> None:
    enrolled(1, 3)
    assert of_this_site().more_photos is None
    assert "takes 5 people with 3 enrolled photos each" in words.more_photos(None)


def test_trainings_on_the_sites_own_faces_are_told_with_what_they_brought(
    gallery: list[Person],
) -> None:
    assert of_this_site().trainings_in_words == [
        words.nothing_trained(),
        words.elsewhere(),
    ]
    trained("one", -0.004)
    trained("of-folders", 0.3, from_site=False)
    said, _ = of_this_site().trainings_in_words
    assert "one, trained here" in said
    assert "−0.40 points (95% interval −2.00 to +1.00)" in said
    assert said.endswith("no more than chance.")


def test_the_page_says_it_and_enrols_reviewed_photos(
    client: Client, gallery: list[Person], user: User, reviewer: User, operator: User
) -> None:
    confirm(user, reviewer, 1)
    shown = page(client)
    assert "more photos add" in shown
    assert "1 photo that a reviewer has confirmed can be enrolled at once." in shown
    client.post(reverse("more_photos"))
    assert "1 reviewed photo is being enrolled now." in page(client)
    row = Enrolment.objects.get()
    process_enrolment(row.pk)
    assert (row.requested_by, gallery[0].faces.filter(from_review=True).count()) == (operator, 1)
    assert "from a reviewed photo" in client.get(f"/people/{gallery[0].pk}/").content.decode()
    assert "Take 1 reviewed photo out again" in page(client)
    client.post(reverse("more_photos_undo"))
    assert not gallery[0].faces.filter(from_review=True).exists()


def test_without_a_model_and_without_people_the_page_is_there(client: Client) -> None:
    assert "too early to tell" in page(client)


def test_the_form_of_a_training_fetches_it(client: Client, gallery: list[Person]) -> None:
    form = client.get(reverse("training")).content.decode()
    assert f'hx-get="{reverse("more_photos")}"' in form
    part = client.get(reverse("more_photos"), headers=HTMX).content.decode()
    assert "more photos add" in part
    assert "<html" not in part


def page(client: Client) -> str:
    return re.sub(r"\s+", " ", client.get(reverse("more_photos")).content.decode())


@pytest.mark.slow
def test_a_training_in_a_terminal_says_it_first(
    gallery: list[Person], user: User, reviewer: User, capsys: pytest.CaptureFixture[str]
) -> None:
    for person in gallery:
        for shot in (3, 4):
            enrol_photo(person, photo(Face(gallery.index(person) + 1, shot)), f"{shot}.png")
    confirm(user, reviewer, 1)
    trained("one", -0.004)
    out = StringIO()
    call_command("retrain", "--from-site", "--dry-run", "--json", stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])["payoff"]
    assert told["more_photos"]["photos"] == 18
    assert told["reviewed"] == reviewed.enrollable().count() == 1
    assert told["trained"] == [
        {"version": "one", "dir": {"value": -0.004, "low": -0.02, "high": 0.01}}
    ]
    said = capsys.readouterr().err
    assert "more photos add" in said
    assert "manage.py enrol --reviewed" in said
    assert "one, trained here" in said


@pytest.mark.slow
def test_a_training_on_folders_says_nothing_of_the_site(tmp_path: Path, db: None) -> None:
    for number in (1, 2, 3):
        folder = tmp_path / str(number)
        folder.mkdir()
        for shot in range(5):
            (folder / f"{shot}.png").write_bytes(photo(Face(number, shot)))
    out = StringIO()
    options = ["--data", str(tmp_path), "--architecture", "compact", "--epochs", "3"]
    call_command("retrain", *options, "--dry-run", "--json", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["payoff"] is None
