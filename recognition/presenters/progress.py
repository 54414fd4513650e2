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
        """Changes when the page has to; a look that brings the same state gets no new page. That a
        photo is being looked at is no news: its answer follows in a moment."""
        return f"{self.done}-{self.standstill}"

    @property
    def trigger(self) -> str:
        """When the page looks for news, in the words of htmx. A look is held back until there is
        some; those in between are for where nobody holds it back. A page of many photos is not
        made anew for each of them."""
        if self.standstill:
            return "every 3s"
        return "load, every 500ms" if self.total == 1 else "load delay:400ms, every 700ms"


def _worked_on_since(moment: dt.datetime, model: type[QueuedWork]) -> bool:
    """Whether a worker started or finished anybody's row since then. The first condition excludes
    no such row: it is there for the database, which has an index of status and claim."""
    claimed = Q(status__in=Status.values, claimed_at__gt=moment - model.kind.stale_after)
    lately = Q(claimed_at__gt=moment) | Q(finished_at__gt=moment)
    return model._default_manager.filter(claimed, lately).exists()
