"""From an upload to an answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final, ParamSpec, TypeVar
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from facesite import counting
from ml import bounded, imaging
from ml.types import Decision, EmbeddedFace, Image
from ml.types import Identification as Answer
from recognition.models import (
    Candidate,
    EnrolledFace,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    User,
)
from recognition.services import consent
from recognition.services.events import emitting
from recognition.services.gallery import memory
from recognition.services.identification import corrections, quotas
from recognition.services.photos import uploads
from recognition.services.photos.files import new_files
from recognition.services.versions import predictors
from recognition.services.work import attempts, intake

P = ParamSpec("P")
T = TypeVar("T")

PHOTO_LONG_SIDE: Final = 1600
MILLISECOND: Final = dt.timedelta(milliseconds=1)


@dataclass(frozen=True)
class Submission:
    batch: UUID
    accepted: tuple[Identification, ...]
    refused: tuple[uploads.Refused, ...]


@dataclass(frozen=True)
class Search:
    """What was answered about the faces of a photo, from left to right, the number of people whom
    it could have been, and that of photos in the gallery."""

    faces: tuple[tuple[EmbeddedFace, Answer], ...]
    people: int
    templates: int


@dataclass(frozen=True)
class PhotoAnswer:
    """Everything that is known about one photo. `turned` and `parts` are those of `Recognition`,
    `cut_short` is that of `PhotoInfo`."""

    image: Image
    cut_short: bool
    turned: int
    parts: int
    search: Search
    version: ModelVersion
    milliseconds: dict[str, float]

    @property
    def faces(self) -> tuple[tuple[EmbeddedFace, Answer], ...]:
        return self.search.faces


class GalleryMoved(Exception):
    """Somebody left the gallery between the search and the moment the answer is stored, or may no
    longer be named; or a photo that spoke for them is another's by now."""


def submit(
    user: User, files: Sequence[UploadedFile[bytes]], batch: UUID | None = None
) -> Submission:
    """Store photos for a worker to answer; what is no photo by its header is refused.

    Raises:
        TooManyPhotos: the user has had their share; nothing is stored.
    """
    batch = batch or uuid4()

    def new_row(filename: str) -> Identification:
        return Identification(user=user, batch=batch, filename=filename)

    rows, refused = intake.accept(files, new_row, partial(quotas.admit, user))
    return Submission(batch, tuple(rows), tuple(refused))


def process(identification_id: UUID | str, *, redelivered: bool = False) -> None:
    """Answer one stored photo. Safe to call twice, late, or for a row that is gone."""
    attempts.attempt(Identification, identification_id, _answer, redelivered=redelivered)


def _answer(row: Identification) -> None:
    photo = attempts.read_original(row)
    try:
        _answer_as_of_now(row, photo)
    except GalleryMoved:
        _answer_as_of_now(row, photo)


def _answer_as_of_now(row: Identification, photo: bytes) -> None:
    answer = identify_photo(photo)
    _, writing = _timed(_store, row, answer)
    stages = _timings(row, answer, timezone.now()) | {"write": writing}
    for stage, milliseconds in stages.items():
        counting.STAGE_SECONDS.add(stage, seconds=milliseconds / 1000)
    for _, decided in answer.faces:
        counting.FACES.add(str(decided.decision))


def identify_photo(data: bytes, predictor: predictors.Predictor | None = None) -> PhotoAnswer:
    """Who is in this photo? The one path to an answer; writes nothing. The version in service
    answers, unless `predictor` is that of another.

    Raises:
        PhotoRejected: the bytes are not a photo that can be used.
        ArtifactError, WeightsMissing: there is no model to ask.
    """
    predictor = predictor or predictors.active()
    cut_short = imaging.inspect(data).cut_short
    image, decoding = _timed(bounded.decode, data, partial=True)
    recognition = predictor.recognizer.recognize(image)
    search, searching = _timed(_search, recognition.faces, predictor)
    steps = {"decode": decoding, **recognition.milliseconds, "search": searching}
    turned, parts = recognition.turned, recognition.parts
    return PhotoAnswer(image, cut_short, turned, parts, search, predictor.version, steps)


def _timed(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """What a step returns, and the milliseconds it took."""
    started = perf_counter()
    result = step(*args, **kwargs)
    return result, (perf_counter() - started) * 1000


def _search(faces: Sequence[EmbeddedFace], predictor: predictors.Predictor) -> Search:
    with memory.current(predictor.version) as people:
        answers = corrections.identify_all(faces, people, predictor)
        choices = predictor.choices(people)
        return Search(tuple(zip(faces, answers, strict=True)), choices, people.templates)


def _store(row: Identification, answer: PhotoAnswer) -> None:
    """One transaction for everything that is remembered; files first, gone again if it fails."""
    faces = [_probe(row, index, *face) for index, face in enumerate(answer.faces)]
    with new_files() as write:
        write(row.photo, imaging.encode_jpeg(answer.image, long_side=PHOTO_LONG_SIDE))
        for probe, (face, _) in zip(faces, answer.faces, strict=True):
            write(probe.crop, imaging.encode_png(face.crop))
        with transaction.atomic():
            _finish(row, answer)
            _check_everybody_is_still_there(answer)
            ProbeFace.objects.bulk_create(faces)
            Candidate.objects.bulk_create(_candidates(faces, answer))
            emitting.answered(row)


def _finish(row: Identification, answer: PhotoAnswer) -> None:
    height, width = answer.image.shape[:2]
    now = timezone.now()
    attempts.finish(
        row,
        finished_at=now,
        photo=row.photo.name,
        width=width,
        height=height,
        turned=answer.turned,
        parts=answer.parts,
        cut_short=answer.cut_short,
        faces_found=len(answer.faces),
        model_version=answer.version,
        gallery_people=answer.search.people,
        gallery_templates=answer.search.templates,
        timings=_timings(row, answer, now),
    )
    attempts.drop_inputs(row)


def _timings(row: Identification, answer: PhotoAnswer, now: dt.datetime) -> dict[str, float]:
    """Milliseconds of each step; `total` is what the user waited, `queue` until a worker came."""
    claimed = row.claimed_at or now
    steps = {
        "queue": (claimed - row.created_at) / MILLISECOND,
        **answer.milliseconds,
        "total": (now - row.created_at) / MILLISECOND,
    }
    return {step: round(spent, 2) for step, spent in steps.items()}


def _check_everybody_is_still_there(answer: PhotoAnswer) -> None:
    candidates = [likely for _, decided in answer.faces for likely in decided.candidates]
    people = {likely.person for likely in candidates}
    there = Person.objects.filter(consent.may_be_named(), pk__in=people)
    owners = {face: likely.person for likely in candidates for face in likely.templates}
    faces = EnrolledFace.objects.filter(pk__in=owners).values_list("pk", "person_id")
    if there.count() < len(people) or any(owners[face] != person for face, person in faces):
        raise GalleryMoved


def _probe(row: Identification, index: int, face: EmbeddedFace, decided: Answer) -> ProbeFace:
    box, first = face.detected.box, next(iter(decided.candidates), None)
    return ProbeFace(
        identification=row,
        index=index,
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        landmarks=face.detected.landmarks.tolist(),
        score=face.detected.score,
        quality=face.quality.score,
        quality_reasons=[str(reason) for reason in face.quality.reasons],
        quality_measured={str(reason): found for reason, found in face.quality.measured.items()},
        embedding=face.embedding.astype("<f4").tobytes(),
        decision=str(decided.decision),
        rival=decided.rival,
        person_id=first.person if first and decided.decision == Decision.MATCH else None,
        probability=decided.probability,
        similarity=first.similarity if first else None,
        corrected=decided.corrected,
        threshold=decided.threshold,
        threshold_raised=decided.raised_by,
    )


def _candidates(faces: list[ProbeFace], answer: PhotoAnswer) -> Iterator[Candidate]:
    for probe, (_, decided) in zip(faces, answer.faces, strict=True):
        for rank, likely in enumerate(decided.candidates):
            yield Candidate(
                face=probe,
                rank=rank,
                person_id=likely.person,
                similarity=likely.similarity,
                probability=likely.probability,
                other_name=likely.other_name,
                evidence=list(likely.templates),
            )
