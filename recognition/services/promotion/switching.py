"""The one transaction in which another version goes into service, and what it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import ModelVersion, User
from recognition.services.audit import record
from recognition.services.gallery import memory
from recognition.services.gallery.templates import missing
from recognition.services.refusals import Refused
from recognition.services.versions import registry

State: Final = ModelVersion.State


class PromotionRefused(Refused):
    """The version does not go into service; `recognition.messages.versions` has the sentence."""


@dataclass(frozen=True)
class Move:
    """Which version goes into service, and as long as what holds.

    Somebody may have `asked_for` it, and must still wait. `against` is the name of the version in
    whose place alone it may go, as it was compared with no other.
    """

    version: ModelVersion
    actor: User | None
    asked_for: bool = False
    against: str | None = None

    def change(self, **news: Any) -> None:
        """Change the row. One UPDATE, so that whoever cancels is either in time or too late."""
        rows = waiting(self.version) if self.asked_for else _row(self.version)
        if not rows.update(**news):
            raise PromotionRefused("nobody_waits", version=self.version.name)

    def show_life(self) -> None:
        """Note that a promotion that was asked for is under way, for the sweeper to see."""
        if self.asked_for:
            self.change(promotion_requested_at=timezone.now())

    def require_place_of(self, active: ModelVersion | None) -> None:
        if active is None or self.against in {None, active.name} or active == self.version:
            return
        names = {"active": active.name, "version": self.version.name, "against": self.against}
        raise PromotionRefused("place_taken", **names)


def _row(version: ModelVersion) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(pk=version.pk)


def waiting(version: ModelVersion) -> QuerySet[ModelVersion]:
    """The row, as long as somebody waits for the version to go into service."""
    return _row(version).filter(promotion_requested_at__isnull=False)


def switch(move: Move, lost: frozenset[int]) -> bool:
    """Put the version into service; False if a face has no template yet, as of somebody new.

    Whoever changes the gallery holds its lock, so that nobody comes in between.
    """
    version = move.version
    with memory.changing():
        before = registry.active()
        move.require_place_of(before)
        if set(missing(version).values_list("pk", flat=True)) - lost:
            return False
        ModelVersion.objects.filter(state=State.ACTIVE).update(state=State.RETIRED)
        changed = _changed(version, before)
        move.change(promotion_requested_at=None, **changed)
        if before != version:
            action = "model.activated" if "replaced" in changed else "model.rolled_back"
            replaced, gate = before.name if before else None, version.gate.get("passed")
            details = {"replaced": replaced, "gate_passed": gate, "faces_without_crop": len(lost)}
            record(move.actor, action, version, name=version.name, **details)
    return True


def _changed(version: ModelVersion, before: ModelVersion | None) -> dict[str, Any]:
    """What changes of the version. One that comes back keeps its own way back, so that the next
    rollback goes a step further."""
    changed: dict[str, Any] = {"state": State.ACTIVE}
    if before != version:
        changed["activated_at"] = timezone.now()
        if before is None or before.replaced_id != version.pk:
            changed["replaced"] = before
    return changed
