"""The site in figures: what is counted, and that a large site costs no more questions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml.calibration import Calibration, bar_of
from recognition.models import Identification, ModelVersion, ProbeFace, User
from recognition.presenters import figures as shown
from recognition.services.site import drift, figures
from recognition.services.site.drift import Lean, Reached

Login = Callable[[User], Client]
LOOK = {"x": 0, "y": 0, "width": 1, "height": 1, "landmarks": [], "score": 1, "quality": 1}


def answered(
    user: User, *decisions: str, days_ago: int = 0, seconds: float = 1, **face: object
) -> Identification:
    row = Identification.objects.create(
        user=user,
        status="done",
        filename=f"{uuid4()}.jpg",
        created_at=timezone.now() - dt.timedelta(days=days_ago),
        timings={"total": seconds * 1000},
        model_version=ModelVersion.objects.first(),
    )
    for index, decision in enumerate(decisions):
        fields = {**LOOK, "probability": 0, "threshold": 0.4, "embedding": bytes(4), **face}
        ProbeFace.objects.create(identification=row, index=index, decision=decision, **fields)
    return row


def test_answers_are_counted_by_day_and_decision(user: User) -> None:
    answered(user, "match", "unknown")
    answered(user, "match", days_ago=1)
    answered(user, "match", days_ago=40)
    *_, yesterday, today = days = figures.days()
    assert len(days) == 31
    assert (yesterday.faces, today.faces) == ({"match": 1}, {"match": 1, "unknown": 1})
    assert sum(day.total for day in days) == 3


def test_speed_is_told_by_the_middle_and_by_the_slow(user: User) -> None:
    for seconds in range(1, 101):
        answered(user, seconds=seconds)
    assert figures.speed() == figures.Speed(100, 50, 95)


def test_without_answers_there_is_no_speed(user: User) -> None:
    assert figures.speed() is None


def test_bars_are_as_high_as_what_they_count() -> None:
    first, second = dt.date(2026, 1, 1), dt.date(2026, 1, 2)
    days = [figures.Day(first, {"match": 1, "unknown": 3}), figures.Day(second, {})]
    full, empty = shown.chart(days).bars
    assert [(part.decision, part.height) for part in full.parts] == [
        ("match", "25.00%"),
        ("unknown", "75.00%"),
    ]
    assert empty.parts == ()


@pytest.mark.parametrize(
    ("found", "lean"), [(0.1, Lean.NONE), (0.11, Lean.NONE), (0.3, Lean.NEARER), (0, Lean.FURTHER)]
)
def test_a_share_leans_where_chance_does_not_explain_it(found: float, lean: Lean) -> None:
    assert Reached(0.1, found, 1000).lean == lean


def test_of_few_faces_nothing_is_said() -> None:
    assert Reached(0.1, 0.2, 20).lean == Lean.NONE


@pytest.mark.parametrize(("nearer", "lean"), [(0, Lean.NONE), (1, Lean.NEARER)])
def test_faces_that_come_nearer_than_strangers_did_are_told(
    user: User, version: ModelVersion, calibrated: Path, nearer: float, lean: Lean
) -> None:
    own = Calibration.load(calibrated)
    scores = [-1.0] * 100 + [bar_of(own.tail, (number + 0.5) / 200) for number in range(100)]
    for score in scores:
        answered(user, "unknown", similarity=score + nearer, threshold=own.bar(0.01))
    half, tenth = drift.drift(version)
    assert half.lean == tenth.lean == lean


def test_every_figure_is_on_the_page(user: User, reviewer: User, login: Login) -> None:
    answered(user, "match", "unknown", seconds=2.5)
    page = login(reviewer).get(reverse("dashboard")).content.decode()
    for told in ("2.5 s", "2 faces in 30 days", "Faces to review", "Free on the disk"):
        assert told in page


def test_a_large_site_takes_no_more_questions(user: User, reviewer: User, login: Login) -> None:
    client = login(reviewer)

    def queries(address: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(address))
        return len(captured)

    answered(user, "match")
    few = [queries("dashboard"), queries("admin:index")]
    for number in range(30):
        answered(user, "match", "unknown", days_ago=number)
    assert [queries("dashboard"), queries("admin:index")] == few
