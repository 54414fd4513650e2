"""A map of which part of a face decided, as cells of inline SVG and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.types import CROP_SIZE
from recognition.models import HeatMap, ProbeFace, Status

FAINTEST: Final = 0.15
"""Of the strongest cell: what is less is not drawn."""
STRONGEST_SHOWN: Final = 0.75
"""The opacity of the strongest cell, through which the face is still seen."""
REGIONS: Final = {
    "forehead": gettext_lazy("It is most so at the forehead."),
    "eyes": gettext_lazy("It is most so around the eyes."),
    "nose": gettext_lazy("It is most so at the nose."),
    "mouth": gettext_lazy("It is most so around the mouth."),
    "cheeks": gettext_lazy("It is most so at the cheeks."),
    "chin": gettext_lazy("It is most so at the chin."),
}


@dataclass(frozen=True)
class Cell:
    """Column, row and opacity, as SVG writes them."""

    x: int
    y: int
    opacity: str


@dataclass(frozen=True)
class Shown:
    """`state` is that of the work, "" where nobody has asked."""

    face: ProbeFace
    state: str
    cells: tuple[Cell, ...] = ()
    side: int = 0
    region: str = ""

    @property
    def waiting(self) -> bool:
        return self.state in {Status.QUEUED, Status.RUNNING}


def of(face: ProbeFace) -> Shown:
    row: HeatMap | None = getattr(face, "heat", None)
    if row is None or row.status != Status.DONE:
        return Shown(face, row.status if row else "")
    side = CROP_SIZE // len(row.falls)
    return Shown(face, row.status, tuple(_cells(row.falls, side)), side, _said(row.region))


def _cells(falls: list[list[float]], side: int) -> list[Cell]:
    most = max(map(max, falls))
    return [
        Cell(column * side, line * side, f"{fall / most * STRONGEST_SHOWN:.2f}")
        for line, row in enumerate(falls)
        for column, fall in enumerate(row)
        if most > 0 and fall >= most * FAINTEST
    ]


def _said(region: str) -> str:
    return str(REGIONS[region]) if region in REGIONS else _("No part stands out.")
