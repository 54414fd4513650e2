"""On what terms a version goes into service: against the gate, and how it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recognition.models import ModelVersion, User
from recognition.services.audit import record
from recognition.services.promotion.switching import PromotionRefused


@dataclass(frozen=True)
class Terms:
    """`reason` is why a version that did not pass the gate serves all the same. `open_set` says
    whether one that answers by its classes may name nobody; None leaves that as it is."""

    reason: str = ""
    open_set: bool | None = None


AS_MADE: Final = Terms()


def needs_reason(version: ModelVersion) -> bool:
    """Whether it did not pass the gate. One that has been in service needs none to come back."""
    return version.gate.get("passed") is False and version.activated_at is None


def agree(version: ModelVersion, actor: User | None, terms: Terms) -> None:
    """Keep the terms. Raises `PromotionRefused` where a reason is wanting."""
    reason = terms.reason.strip()
    if needs_reason(version):
        if not reason:
            raise PromotionRefused("gate_not_passed", version=version.name)
        record(actor, "model.promotion_forced", version, name=version.name, reason=reason)
    if terms.open_set is None or terms.open_set == version.open_set:
        return
    if version.answers_by == ModelVersion.AnswersBy.GALLERY:
        raise PromotionRefused("always_open", version=version.name)
    version.open_set = terms.open_set
    version.save(update_fields=("open_set",))
    record(actor, "model.changed", version, name=version.name, open_set=terms.open_set)
