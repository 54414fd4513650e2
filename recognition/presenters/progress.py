"""How far queued work has come, and why it stands still if it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cached_property

from django.db.models import Q
from django.utils import timezone

from recognition.models import Status
from recognition.models.work import QueuedWork
from recognition.services.versions import registry

OVERDUE_AFTER = dt.timedelta(seconds=10)
"""A photo that has waited for longer, while no photo was looked at, waits for a worker that is
away."""


class Progress:
    """How far some queued work has come, and what the page needs to follow it."""

    def __init__(self, rows: Iterable[QueuedWork]) -> None:
        self.rows = list(rows)

    @property
    def total(self) -> int:
        return len(self.rows)

    @cached_property
    def waiting(self) -> list[QueuedWork]:
        return [row for row in self.rows if not row.is_final]

    @property
    def done(self) -> int:
        return self.total - len(self.waiting)

    @cached_property
    def standstill(self) -> str:
        """Why nothing happens: "model" if it cannot be used, "worker" if it is away, or "" while
        something does."""
        before = timezone.now() - OVERDUE_AFTER
        overdue = [row for row in self.waiting if row.created_at < before]
        if not overdue or _worked_on_since(before, type(overdue[0])):
            return ""
        return "worker" if registry.problem() is None else "model"

    @property
    def state(self) -> str:
        """Changes when the page has to; a poll that brings the same state gets no new page."""
        started = sum(row.status == "running" for row in self.waiting)
        return f"{self.done}-{started}-{self.standstill}"

    @property
    def interval(self) -> str:
        """How long the page waits between two looks."""
        if self.standstill:
            return "3s"
        return "500ms" if self.total == 1 else "700ms"


def _worked_on_since(moment: dt.datetime, model: type[QueuedWork]) -> bool:
    """Whether a worker started or finished anybody's row since then. The first condition excludes
    no such row: it is there for the database, which has an index of status and claim."""
    claimed = Q(status__in=Status.values, claimed_at__gt=moment - model.kind.stale_after)
    lately = Q(claimed_at__gt=moment) | Q(finished_at__gt=moment)
    return model._default_manager.filter(claimed, lately).exists()
