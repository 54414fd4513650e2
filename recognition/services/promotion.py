"""Which version answers: putting one into service, and taking it back.

Both are the same step. Every enrolled face gets a template of the version first, which may take a
while and goes on where it stopped; then one transaction switches, and nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ml import imaging
from ml.errors import ArtifactError, PhotoRejected, WeightsMissing
from ml.types import Image
from recognition import predictors
from recognition.messages import model_problem
from recognition.models import EnrolledFace, ModelVersion, Template, User
from recognition.models.work import STALE_AFTER
from recognition.services import background, gallery, model_versions, work
from recognition.services.privacy import record

BATCH: Final = 64
CROP_SHAPE: Final = (112, 112, 3)
State = ModelVersion.State

Progress = Callable[[int, int], None]
"""Called with the number of faces done and the number of all that had to be embedded."""


class PromotionRefused(Exception):
    """The version does not go into service; the message says why, and what to do."""


@dataclass(frozen=True)
class Embedded:
    """How many faces got a template, and the ids of those whose stored crop cannot be read."""

    faces: int
    lost: frozenset[int]


def _silent(_done: int, _total: int) -> None:
    pass


def missing(version: ModelVersion) -> QuerySet[EnrolledFace]:
    """Enrolled faces without a template of the version."""
    return EnrolledFace.objects.exclude(templates__model_version=version)


def embed_missing(version: ModelVersion, progress: Progress = _silent) -> Embedded:
    """Give every enrolled face a template of the version. Done twice, or by two, it does no harm.

    Raises:
        ArtifactError, WeightsMissing: the version cannot be loaded.
    """
    total = missing(version).count()
    if not total:
        return Embedded(0, frozenset())
    recognizer = predictors.load(version).recognizer
    done, lost = 0, set[int]()
    for faces in _batches(version):
        crops = {face.pk: crop for face in faces if (crop := _crop(face)) is not None}
        lost |= {face.pk for face in faces} - crops.keys()
        if crops:
            _store(version, list(crops), recognizer.embed(np.stack(list(crops.values()))))
        done += len(faces)
        progress(done, max(done, total))
    return Embedded(done - len(lost), frozenset(lost))


def _batches(version: ModelVersion) -> Iterator[list[EnrolledFace]]:
    last = 0
    while faces := list(missing(version).filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = faces[-1].pk
        yield faces


def _crop(face: EnrolledFace) -> Image | None:
    try:
        with face.crop.open() as file:
            crop = imaging.decode(file.read())
    except (OSError, ValueError, PhotoRejected):
        return None
    return crop if crop.shape == CROP_SHAPE else None


def _store(version: ModelVersion, faces: list[int], embeddings: Any) -> None:
    """Faces that were removed meanwhile must not come back with a template."""
    with gallery.changing():
        there = set(EnrolledFace.objects.filter(pk__in=faces).values_list("pk", flat=True))
        Template.objects.bulk_create(
            (
                Template(
                    face_id=face,
                    model_version=version,
                    embedding=embedding.astype("<f4").tobytes(),
                )
                for face, embedding in zip(faces, embeddings, strict=True)
                if face in there
            ),
            ignore_conflicts=True,
        )


def serve(version: ModelVersion, actor: User | None, progress: Progress = _silent) -> Embedded:
    """Put a version into service.

    Raises:
        PromotionRefused: its files are missing or damaged.
    """
    try:
        model_versions.verify(version)
        return _serve(version, actor, progress)
    except (ArtifactError, WeightsMissing) as error:
        reason = _cannot_be_served(version, error)
        ModelVersion.objects.filter(pk=version.pk).update(promotion_requested_at=None)
        record(actor, "model.promotion_failed", version, name=version.name, reason=error.code)
        raise PromotionRefused(reason) from error


def _serve(version: ModelVersion, actor: User | None, progress: Progress) -> Embedded:
    def embedding(done: int, total: int) -> None:
        _show_life(version)
        progress(done, total)

    faces, lost = 0, frozenset[int]()
    while not _switch(version, actor, lost):
        embedded = embed_missing(version, embedding)
        faces, lost = faces + embedded.faces, embedded.lost
    version.refresh_from_db()
    return Embedded(faces, lost)


def _show_life(version: ModelVersion) -> None:
    """So that the sweeper sees that a promotion that was asked for is under way."""
    asked_for = ModelVersion.objects.filter(pk=version.pk, promotion_requested_at__isnull=False)
    asked_for.update(promotion_requested_at=timezone.now())


def _switch(version: ModelVersion, actor: User | None, lost: frozenset[int]) -> bool:
    """False if a face has no template yet, as when somebody was enrolled since.

    Whoever changes the gallery holds its lock, so that nobody comes in between.
    """
    with gallery.changing():
        if set(missing(version).values_list("pk", flat=True)) - lost:
            return False
        before = model_versions.active()
        ModelVersion.objects.filter(state=State.ACTIVE).update(state=State.RETIRED)
        changed = _changed(version, before)
        ModelVersion.objects.filter(pk=version.pk).update(promotion_requested_at=None, **changed)
        if before != version:
            action = "model.activated" if "replaced" in changed else "model.rolled_back"
            replaced, gate = before.name if before else None, version.gate.get("passed")
            details = {"replaced": replaced, "gate_passed": gate, "faces_without_crop": len(lost)}
            record(actor, action, version, name=version.name, **details)
    return True


def _changed(version: ModelVersion, before: ModelVersion | None) -> dict[str, Any]:
    """A version that comes back keeps its own way back: the next rollback goes a step further."""
    changed: dict[str, Any] = {"state": State.ACTIVE}
    if before != version:
        changed["activated_at"] = timezone.now()
        if before is None or before.replaced_id != version.pk:
            changed["replaced"] = before
    return changed


def _require_sound(version: ModelVersion) -> None:
    try:
        model_versions.verify(version)
    except ArtifactError as error:
        raise PromotionRefused(_cannot_be_served(version, error)) from error


def _cannot_be_served(version: ModelVersion, error: ArtifactError | WeightsMissing) -> str:
    reason = model_problem(error) if isinstance(error, ArtifactError) else str(error)
    return _("%(version)s cannot go into service. %(reason)s") % {
        "version": version.name,
        "reason": reason,
    }


def request_promotion(version: ModelVersion, user: User | None) -> None:
    """Ask for a version to go into service; a worker sees to it.

    Raises:
        PromotionRefused: it is in service already, or its files are missing or damaged.
    """
    if version.state == State.ACTIVE:
        raise PromotionRefused(_("%(version)s is in service already.") % {"version": version.name})
    _require_sound(version)
    with transaction.atomic():
        version.promotion_requested_at = timezone.now()
        version.save(update_fields=("promotion_requested_at",))
        record(user, "model.promotion_requested", version, name=version.name)
        work.enqueue_on_commit(ModelVersion, [version.pk])


def launch(version_id: str) -> None:
    """Start the process that puts a version into service, if somebody still waits for that."""
    waiting = ModelVersion.objects.filter(pk=version_id, promotion_requested_at__isnull=False)
    if version := waiting.first():
        background.start("promote", version.name, "--quiet")


def sweep() -> int:
    """Ask once more for promotions that nobody sees to any more."""
    before = timezone.now() - STALE_AFTER
    silent = ModelVersion.objects.filter(promotion_requested_at__lt=before)
    ids = list(silent.values_list("pk", flat=True))
    return work.enqueue(ModelVersion, ids) if ids else 0


def way_back() -> ModelVersion:
    """The version to which a rollback leads. Raises `PromotionRefused` if there is none."""
    active = model_versions.active()
    if active is None or active.replaced is None:
        raise PromotionRefused(_("There is no version to go back to."))
    return active.replaced


def rollback(actor: User | None) -> ModelVersion:
    """Go back to the version that was in service before, at once if all faces have a template of
    it. If some were enrolled since, a worker embeds them first; the version's state then tells.

    Raises:
        PromotionRefused: there is none, or its files are missing or damaged.
    """
    version = way_back()
    _require_sound(version)
    if not _switch(version, actor, frozenset()):
        request_promotion(version, actor)
    version.refresh_from_db()
    return version
