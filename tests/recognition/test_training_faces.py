"""Whose faces the site trains on, and what becomes of it when somebody leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from ml.data.dataset import DataError
from ml.training.events import silent
from recognition.models import (
    ModelVersion,
    Person,
    ProbeFace,
    Purpose,
    Status,
    TrainedPerson,
    TrainingRun,
    User,
)
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services.gallery import agreements, classes
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification import answering
from recognition.services.privacy import erasure
from recognition.services.review.verdicts import review
from recognition.services.training import execution, making, turns
from recognition.services.training import faces as training_faces
from recognition.services.training.faces import faces_of, folder, site_dataset
from recognition.services.training.progress import Follower
from tests.factories import agreed
from tests.recognition.fakes import Face, StripeRecognizer, photo

pytestmark = pytest.mark.usefixtures("recognizer")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path


def add(name: str, number: int, *, photos: int = 1, consent: bool = True) -> Person:
    person = Person.objects.create(name=name)
    if consent:
        agreed(person)
    for shot in range(photos):
        enrol_photo(person, photo(Face(number, shot=shot)), f"{shot}.png")
    return person


def probe(user: User, number: int) -> ProbeFace:
    file = SimpleUploadedFile("photo.png", photo(Face(number, shot=99)))
    (row,) = answering.submit(user, [file]).accepted
    answering.process(row.pk)
    return row.faces.get()


@pytest.fixture
def run(db: None) -> TrainingRun:
    return TrainingRun.objects.create(name="run", architecture="sface")


def counts() -> dict[str, int]:
    return {person: len(crops) for person, crops in site_dataset().items()}


def test_only_people_whose_consent_covers_it_are_trained_on(db: None) -> None:
    ann = add("Ann", 1, photos=2)
    ben = add("Ben", 2, consent=False)
    assert counts() == {str(ann.pk): 2}
    assert all(crop.is_file() for crops in site_dataset().values() for crop in crops)
    agreed(ben)
    assert counts() == {str(ann.pk): 2, str(ben.pk): 1}


def test_people_go_in_by_number_so_that_no_file_keeps_their_name(db: None) -> None:
    add("Иван Петров", 1)
    assert [label.isdigit() for label in site_dataset()] == [True]


def test_a_face_that_a_reviewer_confirmed_belongs_to_whom_it_shows(
    user: User, reviewer: User
) -> None:
    ann, ben = add("Ann", 1), add("Ben", 2)
    right, corrected, stranger, ignored = (probe(user, number) for number in (1, 1, 1, 1))
    review(right, reviewer, "right")
    review(corrected, reviewer, "somebody_else", ben)
    review(stranger, reviewer, "not_in_gallery")
    assert ignored.person == ann
    assert counts() == {str(ann.pk): 2, str(ben.pk): 2}


def test_a_run_goes_on_with_the_faces_that_it_began_with(run: TrainingRun) -> None:
    ann = add("Ann", 1, photos=2)
    began, anew = faces_of(run)
    assert not anew
    add("Ben", 2)
    assert faces_of(run) == (began, False)
    erasure.remove_face(ann.faces.all()[0], None)
    now, anew = faces_of(run)
    assert anew
    assert now == site_dataset()
    assert len(now) == 2


def test_consent_that_is_taken_back_counts_when_a_run_goes_on(run: TrainingRun) -> None:
    ann = add("Ann", 1)
    add("Ben", 2)
    faces_of(run)
    agreements.withdraw(ann, [Purpose.TRAINING], None)
    now, anew = faces_of(run)
    assert anew
    assert str(ann.pk) not in now


def test_everything_computed_goes_with_the_faces_it_was_computed_from(run: TrainingRun) -> None:
    ann = add("Ann", 1)
    faces_of(run)
    (folder(run) / "features.npy").touch()
    erasure.remove_face(ann.faces.get(), None)
    faces_of(run)
    assert [path.name for path in folder(run).iterdir()] == ["faces.json"]


@pytest.mark.parametrize(("status", "kept"), [(Status.FAILED, False), (Status.RUNNING, True)])
def test_an_interrupted_run_does_not_keep_the_faces_of_the_erased(
    run: TrainingRun,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    status: str,
    kept: bool,
) -> None:
    ann, ben = add("Ann", 1), add("Ben", 2)
    faces_of(run)
    TrainingRun.objects.update(status=status)
    with django_capture_on_commit_callbacks(execute=True):
        erasure.remove_person(ann, None)
    assert folder(run).exists() == kept
    training_faces.drop_if_it_shows_the_erased(run)
    assert not folder(run).exists()
    faces_of(run)
    training_faces.drop_if_it_shows_the_erased(run)
    assert folder(run).exists()
    assert list(site_dataset()) == [str(ben.pk)]


@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS])
def test_a_run_whose_process_died_does_not_keep_the_faces_of_the_erased(
    run: TrainingRun,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    attempts: int,
) -> None:
    ann, _ben = add("Ann", 1), add("Ben", 2)
    faces_of(run)
    at_work = {"status": Status.RUNNING, "attempts": attempts, "claimed_at": timezone.now()}
    TrainingRun.objects.update(**at_work, heartbeat_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        erasure.remove_person(ann, None)
    turns.sweep()
    assert folder(run).exists()
    TrainingRun.objects.update(heartbeat_at=timezone.now() - 2 * STALE_AFTER)
    turns.sweep()
    assert not folder(run).exists()


@pytest.mark.parametrize("when", ["while it is read", "afterwards"])
def test_no_row_has_the_name_of_somebody_who_was_removed(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    ann, ben = add("Ann_Lee", 1), add("Ben", 2)
    Path(ben.faces.get().crop.path).write_bytes(Path(ann.faces.get().crop.path).read_bytes())

    def train(row: TrainingRun, _listener: Follower) -> None:
        faces, _anew = faces_of(row)
        sentence = training_faces.two_people_with_one_face(faces)
        if when == "while it is read":
            erasure.remove_person(ann, None)
        raise DataError(training_faces.TWO_PEOPLE, sentence)

    monkeypatch.setattr(making, "train", train)
    with pytest.raises(DataError, match="Ann Lee and Ben have the same face"):
        execution.run(run, silent)
    if when == "afterwards":
        assert "Ann Lee and Ben" in TrainingRun.objects.get().message
        erasure.remove_person(ann, None)
    rows = TrainingRun.objects.values()
    assert rows[0]["error_code"] == "photo_of_two_people"
    assert "Ann" not in str(list(rows))


def test_who_was_trained_on_is_kept_and_marked_when_they_leave(
    version: ModelVersion, recognizer: StripeRecognizer
) -> None:
    ann, ben, cleo = add("Ann", 1), add("Ben", 2), add("Cleo", 3)
    people = dict(enumerate(person.pk for person in (ann, ben, cleo)))
    erasure.remove_person(cleo, None)  # while the training ran
    classes.record(version, people)
    marked = TrainedPerson.objects.filter(erased_at__isnull=False)
    assert [one.person_id for one in marked] == [people[2]]
    erasure.remove_person(ann, None)
    assert {one.person_id for one in marked.all()} == {people[0], people[2]}
    classes.record(version, people)
    assert TrainedPerson.objects.count() == 3


def test_one_face_under_two_people_is_named_by_their_names(db: None) -> None:
    ann, ben = add("Ann_Lee", 1), add("Ben", 2)
    crop = ann.faces.get().crop.path
    Path(ben.faces.get().crop.path).write_bytes(Path(crop).read_bytes())
    sentence = training_faces.two_people_with_one_face(site_dataset())
    assert sentence.startswith("Ann Lee and Ben have the same face")
    Path(crop).unlink()
    assert training_faces.two_people_with_one_face(site_dataset()) == ""
