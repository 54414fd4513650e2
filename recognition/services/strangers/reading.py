"""Strangers as the pages show them: few queries, no matter how many faces they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Max, Min, QuerySet, Window
from django.db.models.functions import RowNumber

from recognition.models import ProbeFace, Stranger
from recognition.services.identification.reading import HEAVY
from recognition.services.strangers.gathering import NAMELESS

SHOWN: Final = 6
"""Faces of each that a list shows: the best ones."""
OFTEN: Final = 2
"""Photos from which on somebody is seen more than once."""


@dataclass(frozen=True)
class Seen:
    """A stranger with the best faces, and who asked about them."""

    stranger: Stranger
    faces: tuple[ProbeFace, ...]
    askers: tuple[str, ...]


def faces_of(stranger: Stranger) -> QuerySet[ProbeFace]:
    """The best first."""
    faces = ProbeFace.objects.filter(NAMELESS, stranger=stranger).defer(*HEAVY)
    return faces.select_related("identification__user").order_by("-quality", "pk")


def counted() -> QuerySet[Any]:
    """Everybody, with the number of photos and the first and last time."""
    asked = "faces__identification"
    return Stranger.objects.annotate(
        photos=Count(asked, distinct=True),
        first=Min(f"{asked}__created_at"),
        last=Max(f"{asked}__created_at"),
    )


def nameless(*, ignored: bool = False) -> QuerySet[Any]:
    """Who was seen more than once and has no name, whoever was seen last first."""
    often = counted().filter(person=None, ignored=ignored, photos__gte=OFTEN)
    return often.order_by("-last", "-pk")


def named() -> QuerySet[Any]:
    """Who has got one, the last first."""
    found = counted().exclude(person=None).select_related("person", "named_by")
    return found.order_by("-named_at", "-pk")


def of(strangers: Iterable[Stranger]) -> list[Seen]:
    """With what a list shows of them."""
    rows = list(strangers)
    faces, askers = _faces(rows), _askers(rows)
    return [Seen(row, tuple(faces[row.pk]), tuple(sorted(askers[row.pk]))) for row in rows]


def _faces(rows: list[Stranger]) -> dict[int, list[ProbeFace]]:
    place = Window(RowNumber(), F("stranger"), order_by=(F("quality").desc(), F("pk").asc()))
    best = ProbeFace.objects.filter(NAMELESS, stranger__in=rows).annotate(place=place)
    found: dict[int, list[ProbeFace]] = defaultdict(list)
    for face in best.filter(place__lte=SHOWN).defer(*HEAVY).order_by("stranger", "place"):
        found[face.stranger_id or 0].append(face)
    return found


def _askers(rows: list[Stranger]) -> dict[int, set[str]]:
    asked = ProbeFace.objects.filter(stranger__in=rows).order_by()
    found: dict[int, set[str]] = defaultdict(set)
    for stranger, name in asked.values_list(
        "stranger", "identification__user__username"
    ).distinct():
        found[stranger or 0].add(name)
    return found
