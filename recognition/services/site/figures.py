"""What the site has answered lately, and how fast: in figures, for those who look after it."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from django.core.cache import cache
from django.db.models import Case, Count, Value, When
from django.utils import timezone

from recognition.days import day_end, day_start
from recognition.models import Identification, ProbeFace, Status

DAYS: Final = 31
"""Today, and the 30 days before."""
LATEST: Final = 1000
"""Photos by whose times the speed is told."""
KEPT_FOR: Final = 60
"""Seconds that counts of days are remembered: on a large site they take a second to make."""


@dataclass(frozen=True)
class Day:
    """How many faces got which decision."""

    date: dt.date
    faces: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.faces.values())


@dataclass(frozen=True)
class Speed:
    """Seconds from the upload to the answer: the middle one of so many photos, and that within
    which 95 of 100 were answered."""

    photos: int
    median: float
    p95: float


def days() -> list[Day]:
    """Today, which comes last, and the 30 days before."""
    today = timezone.localdate()
    key = f"figures-{today}"
    found = cache.get(key)
    if found is None:
        found = _counted(today)
        cache.set(key, found, KEPT_FOR)
    return cast(list[Day], found)


def _counted(today: dt.date) -> list[Day]:
    dates = [today - dt.timedelta(days=ago) for ago in reversed(range(DAYS))]
    faces = ProbeFace.objects.filter(identification__created_at__gte=day_start(dates[0])).order_by()
    counts: list[Counter[str]] = [Counter() for _ in dates]
    for day, decision, count in faces.values_list(_number(dates), "decision").annotate(Count("pk")):
        counts[day][decision] = count
    return [Day(date, faces) for date, faces in zip(dates, counts, strict=True)]


def _number(dates: list[dt.date]) -> Case:
    """Of the day of a face's photo. By comparing: what SQLite calls for a date is a function of
    Python's, one call a row."""
    ends = (
        When(identification__created_at__lt=day_end(date), then=Value(number))
        for number, date in enumerate(dates)
    )
    return Case(*ends, default=Value(len(dates) - 1))


def speed() -> Speed | None:
    """None as long as nothing has been answered."""
    answered = Identification.objects.filter(status=Status.DONE).order_by("-created_at")
    timings = answered.values_list("timings", flat=True)[:LATEST]
    seconds = sorted(times["total"] / 1000 for times in timings if "total" in times)
    if not seconds:
        return None
    return Speed(len(seconds), _reached(seconds, 0.5), _reached(seconds, 0.95))


def _reached(ordered: list[float], share: float) -> float:
    """The smallest of them that is no smaller than such a share of them."""
    return ordered[math.ceil(share * len(ordered)) - 1]
