"""A version answers by its own classes: who they are in the gallery, and whom it names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from ml import artifact
from ml.classes import Classes
from ml.data import splits
from ml.inference.recognizer import Recognition
from ml.types import Floats, Image
from recognition.models import (
    AuditEvent,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    Purpose,
    TrainedPerson,
    TrainingRun,
    User,
)
from recognition.services.gallery import agreements, classes, people
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification import answering
from recognition.services.privacy import erasure
from recognition.services.promotion import serving, trials
from recognition.services.promotion.serving import Terms
from recognition.services.versions import predictors, registry
from tests.factories import agreed
from tests.recognition.fakes import SIZE, CropRecognizer, Face, photo

LABELS = ("Ann_Lee", "Ben", "Cleo")
"""The classes; their photos are those of persons 1, 2 and 3."""
WHY = Terms(reason="As in the paper.")
SURE = {1: (0.8, 0.15, 0.05), 2: (0.1, 0.6, 0.3), 3: (0.02, 0.03, 0.95)}
NOBODY = (0.4, 0.35, 0.25)

pytestmark = pytest.mark.usefixtures("networks")


class ClassRecognizer(CropRecognizer):
    """A network with classes of its own, which is often in doubt about strangers."""

    classes = Classes(1.0, ((0.5, -0.5), (0.1, 0.2), (0.01, 1.2)), {})

    def recognize(self, photo: Image) -> Recognition:
        found = super().recognize(photo)
        faces = tuple(replace(face, probabilities=self._sure(face.crop)) for face in found.faces)
        return Recognition(faces, found.milliseconds)

    def _sure(self, crop: Image) -> Floats:
        return np.array(SURE.get(int(crop[0, 0, 0]), NOBODY), np.float32)


@pytest.fixture
def networks(
    version: ModelVersion, media: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def load(version: ModelVersion) -> predictors.Predictor:
        recognizer = ClassRecognizer(version.name)
        return predictors.Predictor(version, recognizer, predictors._learned(version))  # type: ignore[arg-type]

    monkeypatch.setattr(predictors, "_loaded", None)
    monkeypatch.setattr(predictors, "load", load)
    monkeypatch.setattr(registry, "verify", lambda _version: None)
    settings.MODELS_DIR = media.parent / "models"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder that the network was trained on: five photos of everybody."""
    for person, label in enumerate(LABELS, start=1):
        (tmp_path / "data" / label).mkdir(parents=True)
        for shot in range(5):
            file = tmp_path / "data" / label / f"{shot}.png"
            file.write_bytes(photo(Face(person, shot=shot)))
    return tmp_path / "data"


@pytest.fixture
def paper(version: ModelVersion, place: Path, settings: Settings) -> ModelVersion:
    """A candidate as a training writes it."""
    folder = Path(settings.MODELS_DIR) / "paper"
    folder.mkdir(parents=True)
    artifact.write_labels(folder / artifact.LABELS, LABELS)
    files = [
        (f"{label}/{shot}.png", artifact.sha256(place / label / f"{shot}.png"), number)
        for number, label in enumerate(LABELS)
        for shot in range(5)
    ]
    split = {"seed": 0, "train": files, "validation": [], "test": [], "held_out": {}}
    (folder / splits.FILE).write_text(json.dumps(split))
    made = ModelVersion.objects.create(
        name="paper",
        digest="2" * 64,
        embedding_size=SIZE,
        architecture="paper",
        answers_by="classes",
        metrics={
            "closed_set": {"test": 0.78, "classes": len(LABELS)},
            "own_classes": {"right": 0.78, "dir": {"0.1": 0.32, "0.01": 0.1}},
        },
        gate={"passed": False, "against": "stripes", "reasons": []},
    )
    arguments = {"data": [str(place)]}
    TrainingRun.objects.create(
        name="paper", architecture="paper", version=made, arguments=arguments
    )
    return made


def answer(user: User, *faces: Face) -> list[ProbeFace]:
    (row,) = answering.submit(user, [SimpleUploadedFile("p.png", photo(*faces))]).accepted
    answering.process(row.pk)
    return list(Identification.objects.get(pk=row.pk).faces.order_by("index"))


def named(user: User, *faces: Face) -> list[str]:
    return [str(face.person or "") for face in answer(user, *faces)]


def test_its_classes_become_people_with_a_few_of_the_photos_it_was_trained_on(
    paper: ModelVersion, operator: User
) -> None:
    serving.serve(paper, operator, terms=WHY)
    assert [person.display_name for person in Person.objects.order_by("pk")] == [
        "Ann Lee",
        "Ben",
        "Cleo",
    ]
    for person in Person.objects.all():
        assert person.faces.count() == classes.PHOTOS
        assert {face.source for face in person.faces.all()} == {paper}
        assert not person.consents.exists()
    assert paper.trained_people.count() == 3


def test_where_consent_is_required_classes_without_one_stay_out(
    paper: ModelVersion, operator: User, settings: Settings, login: Callable[[User], Client]
) -> None:
    settings.REQUIRE_CONSENT = True
    serving.serve(paper, operator, terms=WHY)
    assert not Person.objects.exists()
    assert classes.without_person(paper) == 3
    page = login(operator).get(reverse("model_version", args=(paper.name,))).text
    assert "Nobody who has not agreed to be recognised is enrolled." in page


def test_whoever_withdraws_is_named_by_classes_no_more(paper: ModelVersion, user: User) -> None:
    serving.serve(paper, None, terms=WHY)
    ben = agreed(Person.objects.get(name="Ben"), Purpose.RECOGNITION)
    assert named(user, Face(2, shot=9)) == ["Ben"]
    agreements.withdraw(ben, [Purpose.RECOGNITION], None)
    assert named(user, Face(2, shot=9)) == ["Cleo"]
    assert classes.without_person(paper) == 1


def test_as_a_closed_set_it_always_names_the_likeliest_with_pictures(
    paper: ModelVersion, user: User
) -> None:
    serving.serve(paper, None, terms=WHY)
    ben, stranger = answer(user, Face(2, shot=9), Face(77))
    assert (str(ben.person), ben.decision) == ("Ben", "match")
    assert ben.probability == pytest.approx(0.6)
    assert [str(one.person) for one in ben.candidates.all()] == ["Ben", "Cleo", "Ann Lee"]
    evidence = set(ben.candidates.get(rank=0).evidence)
    assert evidence == set(Person.objects.get(name="Ben").faces.values_list("pk", flat=True))
    assert (str(stranger.person), stranger.threshold) == ("Ann Lee", 0)
    assert ben.identification.gallery_people == 3


def test_as_an_open_set_it_names_nobody_below_the_bar_of_the_sites_promise(
    paper: ModelVersion, user: User, settings: Settings
) -> None:
    settings.TARGET_FPIR = 0.1
    serving.serve(paper, None, terms=Terms("Here strangers come, too.", open_set=True))
    ben, stranger = answer(user, Face(2, shot=9), Face(77))
    assert (str(ben.person), stranger.decision) == ("Ben", "unknown")
    assert str(stranger.candidates.get(rank=0).person) == "Ann Lee"
    assert stranger.probability < stranger.threshold < ben.probability
    settings.TARGET_FPIR = 0.01
    assert named(user, Face(2, shot=9)) == [""]


def test_going_back_the_default_answers_again_and_everybody_stays(
    paper: ModelVersion, version: ModelVersion, user: User
) -> None:
    serving.serve(paper, None, terms=WHY)
    assert named(user, Face(77)) == ["Ann Lee"]
    assert serving.rollback(None) == version
    assert named(user, Face(77)) == [""]
    assert named(user, Face(2, shot=9)) == ["Ben"]
    serving.serve(paper, None)  # it has been in service, and needs no reason again
    assert named(user, Face(77)) == ["Ann Lee"]


def test_who_is_in_the_gallery_already_is_found_by_name_by_folder_and_by_photo(
    paper: ModelVersion, place: Path, user: User
) -> None:
    ann, _ = enrol_photo(Person(name="Ann Lee"), photo(Face(1, shot=50)), "ann.png")
    ben, _ = enrol_photo(Person(name="Benjamin"), (place / "Ben" / "1.png").read_bytes(), "1.png")
    enrol_photo(ben.person, (place / "Ben" / "2.png").read_bytes(), "2.png")
    for shot in (0, 3, 4):
        (place / "Ben" / f"{shot}.png").unlink()
    serving.serve(paper, None, terms=WHY)
    assert set(Person.objects.values_list("name", flat=True)) == {"Ann Lee", "Benjamin", "Cleo"}
    assert (ann.person.faces.count(), ben.person.faces.count()) == (1, 2)
    assert named(user, Face(1, shot=9), Face(2, shot=9)) == ["Ann Lee", "Benjamin"]


def test_whom_it_does_not_know_it_says_plainly(paper: ModelVersion) -> None:
    enrol_photo(Person(name="Zoe"), photo(Face(9)), "zoe.png")
    out = run("promote", "paper", "--force", "--reason", "As in the paper.")
    assert "It always names one of its own classes. In the gallery: 3." in out
    assert "People in the gallery whom it does not know: 1." in out
    assert [str(person) for person in classes.unknown(paper)] == ["Zoe"]


def test_whose_photos_are_gone_or_changed_stays_away_and_is_counted(
    paper: ModelVersion, place: Path, user: User
) -> None:
    for shot in range(5):
        (place / "Ben" / f"{shot}.png").unlink()
        (place / "Cleo" / f"{shot}.png").write_bytes(photo(Face(200, shot=shot)))
    serving.serve(paper, None, terms=WHY)
    assert [str(person) for person in Person.objects.all()] == ["Ann Lee"]
    assert classes.without_person(paper) == 2
    (face,) = answer(user, Face(2))
    assert (str(face.person), round(face.probability, 3)) == ("Ann Lee", 0.1)


def test_who_is_erased_leaves_the_answers_at_once_and_does_not_come_back(
    paper: ModelVersion, user: User
) -> None:
    serving.serve(paper, None, terms=WHY)
    assert named(user, Face(3, shot=9)) == ["Cleo"]
    erasure.remove_person(Person.objects.get(name="Cleo"), None)
    (face,) = answer(user, Face(3, shot=9))
    assert (str(face.person), round(face.probability, 3)) == ("Ben", 0.03)
    assert TrainedPerson.objects.exclude(erased_at=None).get().number == 2
    serving.rollback(None)
    serving.serve(paper, None)
    assert set(Person.objects.values_list("name", flat=True)) == {"Ann_Lee", "Ben"}
    # The same name, given anew, is somebody else.
    enrol_photo(Person(name="Cleo"), photo(Face(9)), "cleo.png")
    assert named(user, Face(3, shot=9)) == ["Ben"]


def test_a_trained_person_who_has_no_photo_is_given_some(paper: ModelVersion) -> None:
    ben = people.add_person("Ben", None)
    classes.record(paper, {1: ben.pk})
    serving.serve(paper, None, terms=WHY)
    assert ben.faces.count() == classes.PHOTOS


def test_against_the_gate_it_takes_a_reason_which_is_kept(
    paper: ModelVersion, operator: User
) -> None:
    with pytest.raises(serving.PromotionRefused, match="gate_not_passed"):
        serving.serve(paper, operator)
    with pytest.raises(serving.PromotionRefused, match="gate_not_passed"):
        serving.request_promotion(paper, operator, Terms(reason=" "))
    assert not Person.objects.exists()
    serving.request_promotion(paper, operator, WHY)
    event = AuditEvent.objects.get(action="model.promotion_forced")
    assert (event.actor, event.details["reason"]) == (operator, "As in the paper.")
    run("promote", "paper", "--quiet")  # as the worker does for whoever asked
    assert registry.active() == paper


@pytest.mark.parametrize("given", [("--force",), ("--reason", "Why not")])
def test_force_and_reason_go_together(paper: ModelVersion, given: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="go together"):
        run("promote", "paper", *given)


def test_by_gallery_there_is_no_choice_of_an_open_set(version: ModelVersion) -> None:
    other = ModelVersion.objects.create(name="other", digest="3" * 64, embedding_size=SIZE)
    with pytest.raises(CommandError, match="already names nobody below a threshold"):
        run("promote", "other", "--open-set")
    assert not other.open_set


def test_on_trial_it_answers_by_the_classes_that_are_in_the_gallery(
    paper: ModelVersion, operator: User
) -> None:
    enrol_photo(Person(name="Ben"), photo(Face(2)), "ben.png")
    trial = trials.request(paper, operator, SimpleUploadedFile("p.png", photo(Face(2, shot=9))))
    trials.process(trial.pk)
    trial.refresh_from_db()
    (face,) = trial.answers["paper"]
    assert (face["person"], face["threshold"]) == (Person.objects.get().pk, 0)
    assert face["probability"] == pytest.approx(0.6)


def test_enrolment_goes_on_by_likeness_while_classes_answer(paper: ModelVersion) -> None:
    serving.serve(paper, None, terms=WHY)
    face, _ = enrol_photo(Person(name="Zoe"), photo(Face(9)), "zoe.png")
    assert face.objection == ""
    again, _ = enrol_photo(Person(name="Benny"), photo(Face(2, shot=30)), "ben.png")
    assert str(again.resembles) == "Ben"


def test_the_pages_say_whom_it_names_and_whom_not(
    paper: ModelVersion, user: User, operator: User
) -> None:
    enrol_photo(Person(name="Zoe"), photo(Face(9)), "zoe.png")
    client = Client()
    client.force_login(operator)

    def page(route: str, *args: object) -> str:
        return " ".join(client.get(reverse(route, args=args)).content.decode().split())

    before = page("model_promote", "paper")
    assert "3 people it was trained on are enrolled first" in before
    assert "1 person in the gallery is not among them" in before
    serving.serve(paper, operator, terms=WHY)
    shown = page("model_version", "paper")
    assert "It always names one of the 3 people in the gallery it was trained on" in shown
    assert "1 person in the gallery is unknown to it: <a" in shown
    assert "Test photos, where 10% of strangers are named" in shown
    listed = page("model_versions")
    assert "32.0% at FPIR 10%" in listed
    (face,) = answer(operator, Face(2, shot=9))
    answered = page("identification", face.identification_id)
    assert "This network always names one of the 3 people it was trained on" in answered
    assert "The network gives Ben a probability of 60%" in answered
    person = page("person", Person.objects.get(name="Ben").pk)
    assert "came with the model version paper" in person


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out, stderr=StringIO())
    return out.getvalue()
