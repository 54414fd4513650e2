"""The figures of the site as bars of inline SVG, and in words for whoever cannot see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognition.formats import svg_percent
from recognition.models import ModelVersion, ProbeFace
from recognition.presenters.measures import Metrics
from recognition.services.site import drift, figures
from recognition.services.site.drift import Lean, Reached
from recognition.services.site.figures import Day
from recognition.services.versions import registry

LABELS: Final = {
    ProbeFace.Decision.MATCH.value: gettext_lazy("Recognised"),
    ProbeFace.Decision.AMBIGUOUS.value: gettext_lazy("Not certain who"),
    ProbeFace.Decision.UNKNOWN.value: gettext_lazy("Nobody the site knows"),
    ProbeFace.Decision.UNCLEAR.value: gettext_lazy("Too poor to tell"),
}
"""From the bottom of a bar to its top."""
NAMED_DAYS: Final = 10
"""Every such day has its date below the bars, but the first: a phone has no room for more."""


@dataclass(frozen=True)
class Part:
    """A piece of a bar, in percent of the drawing."""

    decision: str
    top: str
    height: str


@dataclass(frozen=True)
class Bar:
    left: str
    width: str
    words: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Chart:
    highest: int
    bars: tuple[Bar, ...]
    dates: tuple[tuple[str, str], ...]
    rows: tuple[tuple[dt.date, tuple[int, ...]], ...]
    """Days that have answers, newest first, with the count of each decision."""


def overview() -> dict[str, Any]:
    """What the page shows beside the state of the site's parts."""
    version = registry.active()
    days = figures.days()
    return {
        "chart": chart(days),
        "labels": LABELS,
        "faces": sum(day.total for day in days),
        "speed": figures.speed(),
        "version": version,
        "figures": Metrics(version).headline,
        **_drifted(version),
    }


def _drifted(version: ModelVersion | None) -> dict[str, Any]:
    reached = drift.drift(version) if version else []
    return {"drift": reached, "drift_in_words": in_words(reached)}


def in_words(reached: Sequence[Reached]) -> str:
    leans = {one.lean for one in reached} - {Lean.NONE}
    if not reached:
        return _("Fewer than 100 faces without a name: too few to compare.")
    if leans == {Lean.NEARER}:
        return _(
            "Faces without a name come closer to enrolled people than strangers did at "
            "calibration: wrong names may be more frequent than promised."
        )
    if leans == {Lean.FURTHER}:
        return _(
            "Faces without a name stay further from enrolled people than strangers did at "
            "calibration: enrolled people may remain without a name more often."
        )
    return (
        _("As at calibration, as far as anyone can tell.")
        if not leans
        else _(
            "Some of the faces without a name come closer to enrolled people than strangers did "
            "at calibration, and others stay further away."
        )
    )


def chart(days: Sequence[Day]) -> Chart:
    highest = max(1, *(day.total for day in days))
    count = len(days)
    return Chart(
        highest=highest,
        bars=tuple(_bar(number, day, count, highest) for number, day in enumerate(days)),
        dates=tuple(
            (svg_percent((number + 0.5) / count), date_format(day.date, "j E"))
            for number, day in enumerate(days)
            if number and (count - 1 - number) % NAMED_DAYS == 0
        ),
        rows=tuple(
            (day.date, tuple(day.faces.get(decision, 0) for decision in LABELS))
            for day in reversed(days)
            if day.total
        ),
    )


def _bar(number: int, day: Day, count: int, highest: int) -> Bar:
    parts, below = [], 0
    for decision in LABELS:
        faces = day.faces.get(decision, 0)
        below += faces
        if faces:
            top, height = svg_percent(1 - below / highest), svg_percent(faces / highest)
            parts.append(Part(decision, top, height))
    left, width = svg_percent((number + 0.1) / count), svg_percent(0.8 / count)
    return Bar(left, width, _words(day), tuple(parts))


def _words(day: Day) -> str:
    told = (f"{label}: {day.faces[of]}" for of, label in LABELS.items() if day.faces.get(of))
    return f"{date_format(day.date)}. {'; '.join(told) or _('No faces')}"
