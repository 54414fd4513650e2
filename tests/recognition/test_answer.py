"""From a stored photo to its answer, and what disturbs a worker on the way."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from ml import imaging
from ml.errors import ArtifactMissing
from ml.types import Image
from recognition.models import Candidate, Identification, Person, ProbeFace, User
from recognition.models.work import STALE_AFTER
from recognition.services.gallery.enrolling import enrol_photo
from recognition.services.identification.answer import Answer
from recognition.services.identification.answering import identify_photo, process, submit
from recognition.services.privacy import erasure
from recognition.services.versions import predictors
from tests.recognition.conftest import Meanwhile
from tests.recognition.fakes import Face, StripeRecognizer, embedding, photo

TWO = photo(Face(1, shot=9), Face(7))


@pytest.fixture
def ann(recognizer: StripeRecognizer) -> Person:
    """Person 1 of the test photos, enrolled with three photos."""
    ann = Person.objects.create(name="Ann")
    for shot in range(3):
        enrol_photo(ann, photo(Face(1, shot=shot)), f"{shot}.png")
    return ann


@pytest.fixture
def row(user: User, recognizer: StripeRecognizer) -> Identification:
    """A photo of person 1 and of a stranger, waiting."""
    return submit(user, [SimpleUploadedFile("two.png", TWO)]).accepted[0]


def stored_files(media: Path) -> set[str]:
    return {path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file()}


def test_each_face_is_answered_from_left_to_right(ann: Person, row: Identification) -> None:
    process(row.pk)
    row.refresh_from_db()
    known, stranger = row.faces.all()
    assert row.status == "done"
    assert (known.decision, known.person) == ("match", ann)
    assert known.similarity is not None
    assert known.similarity > known.threshold
    assert known.probability > 0.9
    assert (stranger.decision, stranger.person) == ("unknown", None)
    assert (known.x, known.y, known.width, known.height) == (20, 5, 60, 60)
    assert np.array_equal(np.frombuffer(known.embedding, "<f4"), embedding(1, 9))


def test_candidates_come_best_first_with_their_evidence(ann: Person, row: Identification) -> None:
    for number in range(2, 9):
        enrol_photo(Person(name=f"Person {number}"), photo(Face(number + 20)), "0.png")
    process(row.pk)
    first, *others = Candidate.objects.filter(face__index=0).order_by("rank")
    assert first.person == ann
    assert set(first.evidence) == set(ann.faces.values_list("pk", flat=True))
    assert len(others) == 4
    probabilities = [first.probability, *(other.probability for other in others)]
    assert probabilities == sorted(probabilities, reverse=True)


def test_a_stored_answer_says_the_same_as_the_one_that_was_given(
    ann: Person, row: Identification
) -> None:
    enrol_photo(Person(name="Bob"), photo(Face(2)), "0.png")
    process(row.pk)
    row.refresh_from_db()
    stored, given = Answer.of_row(row), Answer.of_memory(identify_photo(TWO))
    assert stored == given
    assert stored.as_json() == given.as_json()
    assert stored.by_number() == given.by_number()
    assert [face["person"] for face in stored.as_json()] == ["Ann", None]
    assert [face["person"] for face in stored.by_number()] == [ann.pk, None]


def test_what_the_answer_rests_on_is_remembered(ann: Person, row: Identification) -> None:
    process(row.pk)
    row.refresh_from_db()
    assert row.model_version is not None
    assert row.model_version.name == "stripes"
    assert (row.gallery_people, row.gallery_templates) == (1, 3)
    assert (row.width, row.height) == (180, 80)
    stages = {"decode", "detect", "align", "embed", "search"}
    assert set(row.timings) == {"queue", *stages, "total"}
    assert row.timings["total"] >= row.timings["decode"]


def test_the_uploaded_bytes_go_and_a_small_upright_copy_stays(
    user: User,
    recognizer: StripeRecognizer,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    large = photo(*(Face(n, width=600) for n in (1, 2, 3)), height=90)
    row = submit(user, [SimpleUploadedFile("large.png", large)]).accepted[0]
    original = row.original.name
    with django_capture_on_commit_callbacks(execute=True):
        process(row.pk)
    row.refresh_from_db()
    assert not row.original
    assert original not in stored_files(media)
    assert imaging.inspect(row.photo.read()).width == 1600
    assert row.width == 1880
    assert len(stored_files(media)) == 1 + 3  # the copy and the three crops


def test_a_photo_without_a_face_is_an_answer(user: User, recognizer: StripeRecognizer) -> None:
    row = submit(user, [SimpleUploadedFile("none.png", photo())]).accepted[0]
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"
    assert not row.faces.exists()


def test_an_empty_gallery_knows_nobody(row: Identification) -> None:
    process(row.pk)
    face = ProbeFace.objects.filter(identification=row).first()
    assert face is not None
    assert (face.decision, face.similarity, face.candidates.count()) == ("unknown", None, 0)


def test_a_hopelessly_blurred_face_is_too_poor_to_tell_and_says_why(
    ann: Person, user: User
) -> None:
    blurred = photo(Face(1, shot=9, quality=0.05))
    row = submit(user, [SimpleUploadedFile("blurred.png", blurred)]).accepted[0]
    process(row.pk)
    face = row.faces.get()
    assert (face.decision, face.person, face.quality_reasons) == ("unclear", None, ["blurred"])
    assert face.candidates.get().person == ann


def test_a_photo_that_cannot_be_decoded_is_rejected_with_its_reason(
    user: User,
    recognizer: StripeRecognizer,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    row = submit(user, [SimpleUploadedFile("cut.png", TWO[:-40])]).accepted[0]
    with django_capture_on_commit_callbacks(execute=True):
        process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("rejected", "damaged_image")
    assert stored_files(media) == set()


def test_a_second_message_for_the_same_photo_changes_nothing(
    row: Identification, recognizer: StripeRecognizer
) -> None:
    process(row.pk)
    process(row.pk)
    process(row.pk, redelivered=True)
    assert recognizer.looked_at == 1
    assert row.faces.count() == 2


def test_a_photo_that_another_worker_has_is_left_to_it(
    row: Identification, recognizer: StripeRecognizer
) -> None:
    assert row.claim()
    process(row.pk)
    assert recognizer.looked_at == 0


def test_a_late_message_finds_a_final_row_and_leaves_it(
    row: Identification, recognizer: StripeRecognizer
) -> None:
    Identification.objects.update(status="failed", error_code="gave_up")
    process(row.pk, redelivered=True)
    row.refresh_from_db()
    assert (row.status, row.error_code, recognizer.looked_at) == ("failed", "gave_up", 0)


def test_a_message_for_a_row_that_is_gone_does_no_harm(recognizer: StripeRecognizer) -> None:
    process(uuid4())


def test_a_redelivered_photo_need_not_go_stale_first(row: Identification) -> None:
    """The broker hands a message out again when its worker is gone."""
    assert row.claim()
    process(row.pk, redelivered=True)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("done", 2)


def test_a_stale_photo_is_taken_over(row: Identification) -> None:
    assert row.claim()
    Identification.objects.update(claimed_at=timezone.now() - STALE_AFTER - dt.timedelta(seconds=1))
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_without_a_model_a_photo_keeps_waiting(
    row: Identification, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> predictors.Predictor:
        raise ArtifactMissing("There is no model version in models/x.", "models/x")

    with monkeypatch.context() as patched:
        patched.setattr(predictors, "active", missing)
        process(row.pk)
        row.refresh_from_db()
        assert (row.status, row.attempts) == ("queued", 0)
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"


def test_a_photo_whose_file_is_gone_fails_at_once(row: Identification) -> None:
    row.original.storage.delete(row.original.name or "")
    process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.error_code) == ("failed", "original_missing")


def test_a_worker_that_was_overtaken_writes_nothing_and_leaves_no_file(
    row: Identification, media: Path, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: row.claim(stale_after=dt.timedelta(0)))
    before = stored_files(media)
    process(row.pk)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("running", 2)
    assert not ProbeFace.objects.exists()
    assert stored_files(media) == before


def test_whoever_is_removed_during_the_search_is_not_named(
    ann: Person, row: Identification, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = imaging.encode_jpeg

    def remove(image: Image, **how: int) -> bytes:
        """Encoding the copy comes between the search and the transaction."""
        if Person.objects.filter(pk=ann.pk).exists():
            erasure.remove_person(ann, None)
        return encode(image, **how)

    monkeypatch.setattr(imaging, "encode_jpeg", remove)
    process(row.pk)
    row.refresh_from_db()
    assert row.status == "done"
    assert set(row.faces.values_list("decision", flat=True)) == {"unknown"}
    assert not Candidate.objects.exists()


def test_no_file_is_left_of_an_answer_that_cannot_be_stored(
    row: Identification, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("recognition.services.identification.answering._finish", finish)
    before = stored_files(media)
    with pytest.raises(RuntimeError):
        process(row.pk)
    assert stored_files(media) == before


def test_files_go_with_the_account_whose_they_were(
    ann: Person,
    row: Identification,
    user: User,
    media: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        process(row.pk)
        submit(user, [SimpleUploadedFile("waiting.png", TWO)])
        user.delete()
    assert len(stored_files(media)) == 2 * ann.faces.count()


def test_the_stored_bytes_are_what_is_looked_at(
    row: Identification, recognizer: StripeRecognizer
) -> None:
    row.original.storage.delete(row.original.name or "")
    row.original.storage.save(row.original.name or "", ContentFile(photo(Face(3))))
    process(row.pk)
    assert row.faces.count() == 1
