"""Photos that would harm the gallery: of somebody else, or of a person who is there already."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from recognition.models import EnrolledFace, Enrolment, ModelVersion, Person, User
from recognition.services.gallery import bulk, folders
from recognition.services.gallery.enrolling import EnrolmentRefused, Options, enrol_photo
from recognition.services.privacy import erasure
from tests.recognition.fakes import Face, StripeRecognizer, photo
from tests.recognition.test_enrol_command import enrol as enrol_folder
from tests.recognition.test_enrol_command import put
from tests.recognition.test_views_people import Login, send, work
from tests.sites import ROOT

FORCE = Options(force=True)


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    return enrolled("Ann", 1)


@pytest.fixture
def ben(recognizer: StripeRecognizer) -> Person:
    return enrolled("Ben", 2)


def enrolled(name: str, number: int) -> Person:
    return enrol_photo(Person(name=name), photo(Face(number)), f"{name}.png")[0].person


def refused(person: Person, number: int, shot: int = 1) -> EnrolmentRefused:
    with pytest.raises(EnrolmentRefused) as caught:
        enrol_photo(person, photo(Face(number, shot)), "wrong.png")
    return caught.value


def test_a_photo_of_another_enrolled_person_is_refused_with_their_name(
    ann: Person, ben: Person
) -> None:
    refusal = refused(ann, 2)
    assert (refusal.code, refusal.params) == ("looks_like_another", {"name": "Ben"})
    assert refusal.face == ben.faces.get()
    assert ann.faces.count() == 1


def test_by_force_it_is_enrolled_and_keeps_what_speaks_against_it(ann: Person, ben: Person) -> None:
    face, created = enrol_photo(ann, photo(Face(2, 1)), "wrong.png", options=FORCE)
    assert created
    assert (face.objection, face.resembles) == ("looks_like_another", ben)


def test_a_face_unlike_all_photos_is_refused_once_there_are_two(ann: Person, ben: Person) -> None:
    face, _ = enrol_photo(ann, photo(Face(7)), "first.png")
    assert face.objection == "little_like_others"
    erasure.remove_face(face, None)
    enrol_photo(ann, photo(Face(1, 1)), "second.png")
    assert refused(ann, 7).code == "unlike_others"


def test_right_photos_come_in_without_a_remark(ann: Person, ben: Person) -> None:
    for shot in range(1, 5):
        face, _ = enrol_photo(ann, photo(Face(1, shot)), "more.png")
        assert (face.objection, face.resembles) == ("", None)


def test_somebody_new_who_is_there_already_comes_in_with_a_hint(ann: Person) -> None:
    face, _ = enrol_photo(Person(name="Anna"), photo(Face(1, 1)), "anna.png")
    assert (face.objection, face.resembles) == ("perhaps_same_person", ann)
    erasure.remove_person(ann, None)
    face.refresh_from_db()
    assert face.resembles is None


def test_in_a_folder_refusals_name_the_option_and_hints_are_listed(
    tmp_path: Path, ann: Person, ben: Person
) -> None:
    """Beside two more: of so few people alone nobody can tell how alike others are."""
    for number in (3, 4):
        enrol_photo(Person(name=f"Person {number}"), photo(Face(number)), "0.png")
    album = tmp_path / "album"
    put(album / "Ann" / "wrong.png", photo(Face(2, 1)))
    put(album / "Benjamin" / "0.png", photo(Face(2, 2)))
    answer = enrol_folder(album)
    (wrong,), (hint,) = answer["refused"], answer["remarks"]
    assert wrong["reason"] == "looks_like_another"
    assert wrong["message"].startswith("The face looks like Ben, ")
    assert "--force" in wrong["message"]
    assert hint["reason"] == "perhaps_same_person"
    assert "same person as Ben" in hint["message"]
    again = enrol_folder(album, "--force")
    assert (again["enrolled"], again["unchanged"], again["refused"]) == (1, 1, [])


def test_on_the_page_it_says_who_it_looks_like_and_takes_it_all_the_same(
    ann: Person, ben: Person, operator: User, login: Login
) -> None:
    client = login(operator)
    send(client, ann, ("wrong.png", photo(Face(2, 1))))
    work()
    assert "The face looks like Ben, and not like" in shown(client, ann)
    assert reverse("person", args=(ben.pk,)) in shown(client, ann)
    wrong = SimpleUploadedFile("wrong.png", photo(Face(2, 1)))
    form = {"photos": [wrong], "force": "on"}
    client.post(reverse("person_enrol", args=(ann.pk,)), form)
    work()
    Enrolment.objects.all().delete()
    assert EnrolledFace.objects.filter(person=ann, resembles=ben).exists()
    assert "The face looks like Ben, and not like" in shown(client, ann)


def shown(client: Client, person: Person) -> str:
    return client.get(reverse("person", args=(person.pk,))).content.decode()


class TestRenderedPeople:
    """The demo people, on the real networks."""

    @pytest.fixture
    def one_photo_each(self, active_model: ModelVersion, media: Path, tmp_path: Path) -> Path:
        album = tmp_path / "album"
        for folder in (ROOT / "demo" / "people").iterdir():
            put(album / folder.name / "0.jpg", (folder / "0.jpg").read_bytes())
        self.run(album)
        return album

    def run(self, folder: Path) -> bulk.Summary:
        return bulk.enrol(folders.scan(folders.OnDisk(folder)), Options(), lambda _note: None)

    def test_a_wrong_photo_beside_one_right_one_is_refused(self, one_photo_each: Path) -> None:
        photos = ROOT / "demo" / "photos" / "people"
        shutil.copy(photos / "Mei_Tanaka" / "4.jpg", one_photo_each / "Jonas_Weber" / "wrong.jpg")
        (refused,) = self.run(one_photo_each).refused
        assert (refused.code, refused.params) == ("looks_like_another", {"name": "Mei Tanaka"})
        assert Person.objects.get(name="Jonas_Weber").faces.count() == 1

    def test_of_whom_nobody_is_known_yet_nobody_is_said_to_be_the_same(
        self, active_model: ModelVersion, media: Path
    ) -> None:
        """The first of them are compared with one or two others: that says little."""
        summary = self.run(ROOT / "demo" / "people")
        assert (summary.enrolled, summary.refused, summary.remarks) == (48, [], [])
        assert not EnrolledFace.objects.exclude(objection="").exists()

    @pytest.mark.slow
    def test_their_other_photos_are_all_taken(self, one_photo_each: Path) -> None:
        for source in (ROOT / "demo" / "people", ROOT / "demo" / "photos" / "people"):
            for path in source.glob("*/*.jpg"):
                shutil.copy(path, one_photo_each / path.parent.name / path.name)
        summary = self.run(one_photo_each)
        assert (summary.enrolled, summary.refused, summary.remarks) == (84, [], [])


@pytest.mark.long
@pytest.mark.usefixtures("active_model")
def test_of_many_people_wrong_photos_are_caught_and_right_ones_are_not(
    settings: Settings, shared_data: Path
) -> None:
    settings.DATA_DIR = ROOT / ".cache"  # where what was found in photos is kept
    arguments = ("enrolment", f"--data={shared_data / 'faces105'}", "--enrol=4", "--json")
    out = StringIO()
    call_command("evaluate", *arguments, stdout=out)
    result = json.loads(out.getvalue())
    assert result["right_refused"] * 3 / 4 < 0.005  # of four photos the first is never refused
    assert result["wrong_refused"] >= 0.98
