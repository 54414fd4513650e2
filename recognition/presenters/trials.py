"""One photo as two versions answer it, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from django.utils.translation import gettext as _

from ml.types import names_given
from recognition.models import Merge, Person, Trial
from recognition.services.access import Others

NEAREST: Final = 2
"""People whom a page names for each face."""
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Nearest:
    name: str
    probability: float
    similarity: float


@dataclass(frozen=True)
class Side:
    """What one version says about a face; `people` are those whom it may name, and `others` how
    much is shown of those whom it does not."""

    tried: bool
    answer: Json
    people: Mapping[int, Person]
    others: Others

    @property
    def decision(self) -> str:
        return str(self.answer["decision"])

    @property
    def rival(self) -> int | None:
        number: int | None = self.answer.get("rival")  # answers that are kept may be older
        return number

    @property
    def nearest(self) -> list[Nearest]:
        return [
            Nearest(self._name(found["person"]), found["probability"], found["similarity"])
            for found in self.answer["candidates"][: self._shown]
        ]

    @property
    def _shown(self) -> int:
        return NEAREST if self.others >= Others.NAMES else names_given(self.decision, self.rival)

    def _name(self, person: int) -> str:
        known = self.people.get(person)
        return str(known) if known else _("A person who has since been removed")

    @property
    def names(self) -> list[str]:
        """Whom the answer names."""
        return [found.name for found in self.nearest[: names_given(self.decision, self.rival)]]

    @property
    def said(self) -> tuple[object, ...]:
        """What the answer comes down to, so that two can be compared."""
        named = self.answer["candidates"][: names_given(self.decision, self.rival)]
        return (self.decision, *sorted(found["person"] for found in named))


@dataclass(frozen=True)
class Face:
    number: int
    box: tuple[float, ...]
    sides: tuple[Side, ...]

    @property
    def differs(self) -> bool:
        return len({side.said for side in self.sides}) > 1


def faces(row: Trial, others: Others) -> list[Face]:
    """The faces from left to right, with so much of the people whom an answer does not name. Both
    versions were asked about the same ones."""
    name, people = row.model_version.name, _people(row)
    versions = sorted(row.answers, key=lambda version: version != name)  # the one on trial first
    columns = [
        [Side(version == name, face, people, others) for face in row.answers[version]]
        for version in versions
    ]
    return [
        Face(number, tuple(sides[0].answer["box"]), sides)
        for number, sides in enumerate(zip(*columns, strict=False), start=1)
    ]


def _people(row: Trial) -> dict[int, Person]:
    """Whom the answers may name, by number; who was removed since is missing."""
    faces = chain.from_iterable(row.answers.values())
    named = {found["person"] for face in faces for found in face["candidates"][:NEAREST]}
    merged = Merge.now(named)
    people = Person.objects.in_bulk({*named, *merged.values()})
    return people | {number: people[person] for number, person in merged.items()}
