"""One photo, answered by a version beside the one in service. It is in nobody's history, and is
deleted after a day."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from ml import bounded, imaging
from ml.errors import ArtifactError
from recognition.models import UNFINISHED, ModelVersion, Status, Trial, User
from recognition.services.gallery import classes
from recognition.services.gallery.templates import embed_missing
from recognition.services.identification.answer import Answer
from recognition.services.identification.answering import (
    PHOTO_LONG_SIDE,
    PhotoAnswer,
    identify_photo,
)
from recognition.services.photos.files import new_files
from recognition.services.versions import predictors
from recognition.services.work import attempts, intake, processes

KEPT_FOR: Final = dt.timedelta(days=1)
"""Long enough to look at an answer, and to show it to somebody."""


def request(version: ModelVersion, user: User, file: UploadedFile[bytes]) -> Trial:
    """Store a photo for both versions to answer; what is no photo by its header is rejected."""

    def new_row(filename: str) -> Trial:
        return Trial(model_version=version, requested_by=user, filename=filename)

    rows, refused = intake.accept([file], new_row)
    if rows:
        return rows[0]
    (refusal,) = refused
    trial = new_row(refusal.filename)
    trial.status, trial.error_code = Status.REJECTED, refusal.code
    trial.finished_at = trial.created_at
    trial.save()
    return trial


def launch(trial_id: str) -> None:
    """Start the process that answers: two versions at once are too much for a worker's memory."""
    if Trial.objects.filter(pk=trial_id, status__in=UNFINISHED).exists():
        processes.start("trial", trial_id, urgent=True)


def process(trial_id: UUID | str) -> None:
    """Answer one stored photo. Safe to call twice, late, or for a row that is gone."""
    attempts.attempt(Trial, trial_id, _answer)


def _answer(row: Trial) -> None:
    photo = attempts.read_original(row)
    bounded.decode(photo, partial=True)  # before the whole gallery is embedded in vain
    try:
        tried = _tried(row, photo)
    except ArtifactError as error:
        return attempts.fail(row, error.code)
    active = identify_photo(photo)
    return _store(row, tried, active)


def _tried(row: Trial, photo: bytes) -> PhotoAnswer:
    """The answer of the version on trial, in the whole gallery, which it embeds first."""
    version = row.model_version

    def follow(_done: int, _total: int) -> None:
        attempts.show_life(row)

    if version.answers_by == ModelVersion.AnswersBy.CLASSES:
        classes.link(version)
    embed_missing(version, follow)
    return identify_photo(photo, predictors.load(version))


def _store(row: Trial, tried: PhotoAnswer, active: PhotoAnswer) -> None:
    height, width = active.image.shape[:2]
    found: dict[str, Any] = {
        answer.version.name: Answer.of_memory(answer).by_number() for answer in (tried, active)
    }
    with new_files() as write:
        write(row.photo, imaging.encode_jpeg(active.image, long_side=PHOTO_LONG_SIDE))
        with transaction.atomic():
            attempts.finish(
                row,
                photo=row.photo.name,
                width=width,
                height=height,
                answers=found,
            )
            attempts.drop_inputs(row)


def drop_old() -> None:
    """Delete the trials of earlier days; their photos go with them."""
    Trial.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
