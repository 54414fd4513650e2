"""Two photos: the same person, or not?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models.fields.files import FieldFile

from facesite import space
from ml import bounded, imaging
from ml.calibration import MINIMUM_QUALITY, Policy
from ml.errors import PhotoRejected
from ml.pairs import chances
from ml.types import EmbeddedFace, Floats, Image
from recognition.models import Comparison, User
from recognition.services.audit import record
from recognition.services.gallery import memory
from recognition.services.identification import quotas
from recognition.services.identification.answering import PHOTO_LONG_SIDE
from recognition.services.photos import uploads
from recognition.services.photos.files import new_files
from recognition.services.refusals import Refused
from recognition.services.versions import predictors
from recognition.services.work import attempts, queue

PHOTOS = 2


class PhotoRefused(Refused):
    """One of the two is no photo by its header, or too large; nothing is stored. `params` say its
    `filename` and the numbers of the refusal."""


@dataclass(frozen=True)
class _Side:
    """One of the photos, as the version in service sees it."""

    image: Image
    faces: Sequence[EmbeddedFace]
    templates: Sequence[Floats]

    @property
    def size(self) -> list[int]:
        height, width = self.image.shape[:2]
        return [width, height]

    def described(self) -> list[dict[str, Any]]:
        return [
            {"box": list(asdict(face.detected.box).values()), "quality": face.quality.score}
            for face in self.faces
        ]


def submit(user: User, first: UploadedFile[bytes], second: UploadedFile[bytes]) -> Comparison:
    """Store two photos for a worker to compare.

    Raises:
        PhotoRefused: see there.
        TooManyPhotos: the user has had their share; nothing is stored.
        DiskFull: there is no room for them.
    """
    if not space.is_there((first.size or 0) + (second.size or 0)):
        raise space.DiskFull
    first_name, second_name = uploads.called(first), uploads.called(second)
    row = Comparison(user=user, first_name=first_name, second_name=second_name)
    with new_files() as write:
        write(row.first, _photo(first))
        write(row.second, _photo(second))
        with transaction.atomic():
            quotas.admit(user, PHOTOS)
            row.save()
            queue.enqueue_on_commit(Comparison, [row.pk])
    return row


def _photo(upload: UploadedFile[bytes]) -> bytes:
    try:
        return uploads.read_photo(upload)
    except PhotoRejected as error:
        about = {"filename": uploads.called(upload), **uploads.details(error)}
        raise PhotoRefused(error.code, **about) from error


def process(comparison_id: UUID | str, *, redelivered: bool = False) -> None:
    """Compare two stored photos. Safe to call twice, late, or for a row that is gone."""
    attempts.attempt(Comparison, comparison_id, _compare, redelivered=redelivered)


def _compare(row: Comparison) -> None:
    predictor = predictors.active()
    sides = [_seen(row, number, predictor) for number in range(PHOTOS)]
    _store(row, sides, predictor)


def _seen(row: Comparison, number: int, predictor: predictors.Predictor) -> _Side:
    data = attempts.read_input((row.first, row.second)[number])
    try:
        image = bounded.decode(data, partial=True)
    except PhotoRejected:
        attempts.still_ours(row).update(wrong=number)
        raise
    faces = predictor.recognizer.recognize(image).faces
    return _Side(image, faces, [predictor.recognizer.template(face) for face in faces])


def _pairs(first: _Side, second: _Side, predictor: predictors.Predictor) -> list[list[Any]]:
    """Each face of the one with each of the other."""
    calibration, policy = predictor.recognizer.calibration, Policy(settings.TARGET_FPIR)
    with memory.current(predictor.version) as gallery:
        found = chances(first.templates, second.templates, gallery, calibration, policy)
    return [
        [
            {"probability": float(found[row, column]), "similarity": float(one @ other)}
            for column, other in enumerate(second.templates)
        ]
        for row, one in enumerate(first.templates)
    ]


def _store(row: Comparison, sides: Sequence[_Side], predictor: predictors.Predictor) -> None:
    fields: tuple[FieldFile, FieldFile] = (row.first_photo, row.second_photo)
    with new_files() as write:
        for field, side in zip(fields, sides, strict=True):
            write(field, imaging.encode_jpeg(side.image, long_side=PHOTO_LONG_SIDE))
        with transaction.atomic():
            attempts.finish(
                row,
                first_photo=row.first_photo.name,
                second_photo=row.second_photo.name,
                sizes=[side.size for side in sides],
                faces=[side.described() for side in sides],
                pairs=_pairs(sides[0], sides[1], predictor),
                model_version=predictor.version,
            )
            attempts.drop_inputs(row)


def is_clear(face: dict[str, Any]) -> bool:
    """Whether a face is good enough to say anything of it."""
    return bool(face["quality"] >= MINIMUM_QUALITY)


def delete(row: Comparison, actor: User) -> None:
    """Delete one's own comparison and its photos. It counts towards the hour all the same."""
    with transaction.atomic():
        lately, pk = quotas.counts(row.created_at), row.pk
        row.delete()
        row.pk = pk
        record(actor, "comparison.deleted", row, lately=lately)
