"""Which part of a face decided: asked for on a page, made by a worker, kept with the face."""

from __future__ import annotations

from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from ml import imaging, occlusion
from ml.types import Floats, Image
from recognition.models import HeatMap, ModelVersion, ProbeFace, Status, User
from recognition.models.heat import GONE
from recognition.services import access
from recognition.services.audit import record
from recognition.services.gallery import memory
from recognition.services.versions import predictors
from recognition.services.work import attempts, queue


def explainable(user: User) -> QuerySet[ProbeFace]:
    """The faces of which a user may ask: those the gallery names, whose person they are shown."""
    return access.visible_probes(user).filter(
        decision=ProbeFace.Decision.MATCH,
        person__isnull=False,
        identification__model_version__answers_by=ModelVersion.AnswersBy.GALLERY,
    )


def request(face: ProbeFace, user: User) -> None:
    """Have a worker make the map, unless there is one or one is waited for."""
    with transaction.atomic():
        HeatMap.objects.filter(face=face, status__in=(Status.REJECTED, Status.FAILED)).delete()
        asked = {"person_id": face.person_id, "requested_by": user}
        row, is_new = HeatMap.objects.get_or_create(face=face, defaults=asked)
        if is_new:
            queue.enqueue_on_commit(HeatMap, [row.pk])
            record(user, "face.explained", face.identification)


def process(heat_id: UUID | str, *, redelivered: bool = False) -> None:
    """Make one map. Safe to call twice, late, or for a row that is gone."""
    attempts.attempt(HeatMap, heat_id, _explain, redelivered=redelivered)


def _explain(row: HeatMap) -> None:
    predictor = predictors.active()
    prototype, crop = _prototype(row, predictor.version), _crop(row.face)
    if prototype is None or crop is None:
        return attempts.reject(row, GONE)
    falls = occlusion.heat(crop, prototype, predictor.recognizer.embed)
    attempts.finish(
        row,
        falls=np.round(falls.astype(float), 4).tolist(),
        region=str(occlusion.strongest(falls)),
    )
    return None


def _prototype(row: HeatMap, version: ModelVersion) -> Floats | None:
    """That of the person in the gallery of now, as long as they are in it."""
    with memory.current(version) as gallery:
        return gallery.prototype(row.person_id) if row.person_id in gallery else None


def _crop(face: ProbeFace) -> Image | None:
    try:
        with face.crop.open("rb") as file:
            return imaging.decode(file.read())
    except FileNotFoundError:
        return None
