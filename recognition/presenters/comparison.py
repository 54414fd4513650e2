"""Two photos beside each other, a face of each, and whether they are of one person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recognition.models import Comparison, Status
from recognition.services.identification.comparing import is_clear
from recognition.services.identification.reading import badge_radius

SAME, DIFFERENT = 0.9, 0.1
"""From which chance on it is said, and below which the contrary; between them it cannot be told."""


@dataclass(frozen=True)
class Face:
    """`pair` are the numbers of the faces of both photos once this one is chosen."""

    number: int
    box: list[float]
    chosen: bool
    pair: tuple[int, int]


@dataclass(frozen=True)
class Side:
    kind: str
    name: str
    width: int
    height: int
    faces: list[Face]

    @property
    def badge(self) -> int:
        return badge_radius(self.width, self.height)


class ComparisonPage:
    """`chosen` are the faces that somebody wants compared, counted from 0; the largest by default,
    and where there is no such face."""

    def __init__(self, row: Comparison, *chosen: int | None) -> None:
        self.row = row
        self._wanted = chosen or (None, None)

    @cached_property
    def chosen(self) -> tuple[int, int]:
        first, second = (
            wanted if wanted is not None and wanted < len(faces) else _largest(faces)
            for wanted, faces in zip(self._wanted, self.row.faces, strict=True)
        )
        return first, second

    @property
    def sides(self) -> list[Side]:
        return [self._side(number) for number in (0, 1)]

    def _side(self, number: int) -> Side:
        faces = self.row.faces[number]
        shown = [
            Face(index + 1, face["box"], index == self.chosen[number], self._pair(number, index))
            for index, face in enumerate(faces)
        ]
        kind, name = ("first", "second")[number], self.row.names[number]
        width, height = self.row.sizes[number]
        return Side(kind, name, width, height, shown)

    def _pair(self, number: int, index: int) -> tuple[int, int]:
        first, second = self.chosen
        return (index, second) if number == 0 else (first, index)

    @property
    def without_face(self) -> str:
        """The photo in which there is none."""
        sides = zip(self.row.names, self.row.faces, strict=True)
        return next((name for name, faces in sides if not faces), "")

    @property
    def clear(self) -> bool:
        pairs = zip(self.row.faces, self.chosen, strict=True)
        return not self.without_face and all(is_clear(faces[chosen]) for faces, chosen in pairs)

    @property
    def probability(self) -> float:
        first, second = self.chosen
        return float(self.row.pairs[first][second]["probability"])

    @property
    def similarity(self) -> float:
        first, second = self.chosen
        return float(self.row.pairs[first][second]["similarity"])

    @property
    def decision(self) -> str:
        """A word of `ml.types.Decision`, in whose tone it is shown."""
        if not self.clear:
            return "unclear"
        if self.probability >= SAME:
            return "match"
        return "unknown" if self.probability < DIFFERENT else "ambiguous"

    @property
    def wrong(self) -> str:
        """The photo that could not be used, if it is known which."""
        return "" if self.row.wrong is None else self.row.names[self.row.wrong]


def _largest(faces: list[dict[str, Any]]) -> int:
    areas = [face["box"][2] * face["box"][3] for face in faces]
    return areas.index(max(areas)) if areas else 0


def as_json(row: Comparison) -> dict[str, Any]:
    """A comparison for programs; of several faces in a photo the largest is meant."""
    answer: dict[str, Any] = dict.fromkeys(("decision", "probability", "similarity"))
    page = ComparisonPage(row)
    if row.status == Status.DONE and not page.without_face:
        answer = {
            "decision": page.decision,
            "probability": page.probability,
            "similarity": page.similarity,
        }
    return {
        "id": row.pk,
        "status": row.status,
        "error": row.error_code or None,
        "wrong": page.wrong or None,
        "created": row.created_at,
        "finished": row.finished_at,
        "model": row.model_version.name if row.model_version else None,
        "paths": row.names,
        "faces": row.faces,
        "pairs": row.pairs,
        **answer,
    }
