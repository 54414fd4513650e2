"""Figures of several versions that can be compared: those of the same people, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ml.versions.default import VERSION as PACKAGED
from recognition.models import ModelVersion

Json = Mapping[str, Any]


@dataclass(frozen=True)
class SideBySide:
    """What was measured on the people held out of the newest training that held out anybody: of
    the version that came of it, and of those that were measured beside it; `figures` by name.

    `newest` is that version, None if there is none.
    """

    newest: ModelVersion | None = None
    figures: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of_all(cls) -> Self:
        """Of the versions that there are."""
        versions = ModelVersion.objects.order_by("-created_at", "-pk")
        measured = [version for version in versions if version.metrics.get("held_out")]
        if not measured:
            return cls()
        newest, *others = measured
        same = [version for version in others if _on_the_same(version, newest)]
        return cls(newest, _beside(newest) | {one.name: one.metrics["held_out"] for one in same})

    def metrics_of(self, version: ModelVersion) -> Json:
        """Of a version that was only ever measured beside another: what was measured then."""
        held_out = self.figures.get(version.name)
        return version.metrics or ({"held_out": held_out} if held_out else {})

    @property
    def people(self) -> int:
        return int(self.newest.metrics["held_out"].get("people", 0)) if self.newest else 0


def _on_the_same(version: ModelVersion, newest: ModelVersion) -> bool:
    people = newest.metrics.get("measured_on")
    return people is not None and version.metrics.get("measured_on") == people


def _beside(newest: ModelVersion) -> dict[str, Json]:
    """By name; what an earlier facesite measured has no packaged version beside it."""
    found = {
        newest.name: newest.metrics["held_out"],
        newest.gate.get("against"): newest.metrics.get("in_service"),
        PACKAGED: newest.metrics.get("packaged") or None,
    }
    if newest.gate.get("against") == PACKAGED:
        found[PACKAGED] = newest.metrics.get("in_service")
    return {name: figures for name, figures in found.items() if name and figures}
