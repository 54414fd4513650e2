"""The one transaction in which another version goes into service, and what it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import ModelVersion, User
from recognition.services.audit import record
from recognition.services.events import emitting
from recognition.services.gallery import memory
from recognition.services.gallery.templates import missing
from recognition.services.refusals import Refused
from recognition.services.versions import registry

State: Final = ModelVersion.State
MOST_STEPS: Final = 100
"""Versions to which one can go back, one after the other."""


class PromotionRefused(Refused):
    """The version does not go into service; `recognition.messages.versions` has the sentence."""


@dataclass(frozen=True)
class Move:
    """Which version goes into service, and as long as what holds.

    Somebody may have `asked_for` it, and must still wait. `against` is the name of the version in
    whose place alone it may go, as it was compared with no other. `back` says that it is a rollback
    to it, which is taken off the way that leads back.
    """

    version: ModelVersion
    actor: User | None
    asked_for: bool = False
    against: str | None = None
    back: bool = False

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
        came = {} if before == version else _came(move, before)
        move.change(promotion_requested_at=None, state=State.ACTIVE, **came)
        if before != version:
            action = "model.rolled_back" if move.back else "model.activated"
            replaced, gate = before.name if before else None, version.gate.get("passed")
            details = {"replaced": replaced, "gate_passed": gate, "faces_without_crop": len(lost)}
            emitting.promoted(version, before)
            record(move.actor, action, version, name=version.name, **details)
    return True


def _came(move: Move, before: ModelVersion | None) -> dict[str, Any]:
    """When it came into service, and the way back from there."""
    way = _way_back(move, before)
    there = {version.name: version for version in ModelVersion.objects.filter(name__in=way)}
    replaced = next((there[name] for name in reversed(way) if name in there), None)
    return {"activated_at": timezone.now(), "replaced": replaced, "served_before": way}


def _way_back(move: Move, before: ModelVersion | None) -> list[str]:
    """The names of those that served before it, as if a version to which somebody goes back had
    never been replaced: the next rollback goes a step further."""
    if before is None:
        return []
    way: list[str] = [*before.served_before, before.name]
    if move.back and move.version.name in way:
        last = len(way) - 1 - way[::-1].index(move.version.name)
        return way[:last]
    return way[-MOST_STEPS:]
