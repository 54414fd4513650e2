"""Work that the web process stores and a worker does.

The row is the truth and the queue only carries its id. A message that is lost, doubled or late
changes nothing: a worker only works on a row that it has claimed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from django.apps import apps
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PHOTOS: Final = "identification"
"""The queue of what a worker does itself."""
PROCESSES: Final = "training"
"""The queue of what a worker only starts, as a process or a thread of its own, and which then takes
the time that it takes."""
STALE_AFTER: Final = dt.timedelta(seconds=90)
"""Longer than a worker lets a photo take."""
MAX_ATTEMPTS: Final = 3
"""So often may a photo spoil an attempt by itself. What the place spoils does not count."""
LONGEST_PAUSE: Final = dt.timedelta(minutes=5)
"""Between two attempts of a row that the place keeps from being worked on."""
CLOCKS_DIFFER: Final = dt.timedelta(minutes=1)
"""A moment further ahead than this was noted by a clock that has been set back since."""


@dataclass(frozen=True)
class Kind:
    """What the queue, the sweeper and the status page have to know of a kind of work.

    `task` is the name of the task that does it, by which messages reach it. Work that
    `needs_networks` waits while there is no model in service that can be loaded. A row that was
    claimed longer than `stale_after` ago belongs to a worker that died. Rows that `take_turns` are
    looked after by a service of their own, and the sweeper leaves them alone. `owner` is the field
    that says who asked: who asked for little does not wait for all of who asked for much. No row is
    put off for longer than `longest_pause`.
    """

    task: str
    queue: str = PHOTOS
    needs_networks: bool = True
    stale_after: dt.timedelta = STALE_AFTER
    take_turns: bool = False
    owner: str = ""
    longest_pause: dt.timedelta = LONGEST_PAUSE


class Status(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("At work")
    DONE = "done", _("Done")
    REJECTED = "rejected", _("Not usable")
    FAILED = "failed", _("Failed")


UNFINISHED: Final = (Status.QUEUED, Status.RUNNING)


def long_ago(field: str, before: dt.datetime) -> Q:
    """Rows whose moment is past, or lies in a future that only another clock can have seen."""
    ahead = timezone.now() + CLOCKS_DIFFER
    return Q(**{f"{field}__lt": before}) | Q(**{f"{field}__gt": ahead})


def due(kind: Kind) -> Q:
    """Rows whose pause, if they had to make one, is over."""
    now = timezone.now()
    ahead = now + kind.longest_pause + CLOCKS_DIFFER
    return Q(due_at=None) | Q(due_at__lte=now) | Q(due_at__gt=ahead)


class QueuedWork(models.Model):
    """A row that waits for a worker, and what became of it.

    `inputs` are the file fields that only the work itself needs: their files go once the row is
    done or rejected. Of one that failed they are kept for a while, since it can be tried again.

    `attempts` tells one claim from the next, and nothing more. `failures` are the attempts that the
    photo spoiled by itself: they end it. `setbacks` are those that the place spoiled. `waits_for`
    is what was wrong at the last of them, at `set_back_at`, and it is worth another try at
    `due_at`. `claimed_by` is the process that has the row.
    """

    kind: ClassVar[Kind]
    inputs: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.QUEUED)
    error_code = models.CharField(_("reason"), max_length=40, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    setbacks = models.PositiveIntegerField(default=0)
    waits_for = models.CharField(max_length=20, blank=True)
    set_back_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(_("asked at"), default=timezone.now, db_index=True)
    claimed_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def kind_name(cls) -> str:
        """By which the log and the figures of the site call this kind of work."""
        return cls.__name__.lower()

    @classmethod
    def unfinished(cls, pks: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Those of these rows that are not final."""
        rows = cls._default_manager.filter(pk__in=pks, status__in=UNFINISHED)
        return set(rows.values_list("pk", flat=True))

    @property
    def is_final(self) -> bool:
        return self.status not in UNFINISHED

    def claim(self, *, stale_after: dt.timedelta | None = None, by: str = "") -> bool:
        """Take this row for the calling worker; False if it is final, not due, or another has it.

        One UPDATE, so that of two deliveries of the same message exactly one wins. A row that was
        claimed and then left alone for `stale_after`, by default that of its kind, belongs to a
        worker that died.
        """
        now = timezone.now()
        before = now - (self.kind.stale_after if stale_after is None else stale_after)
        free = Q(due(self.kind), status=Status.QUEUED)
        free |= Q(long_ago("claimed_at", before), status=Status.RUNNING)
        taken = {"status": Status.RUNNING, "claimed_at": now, "claimed_by": by}
        won = (
            type(self)
            ._default_manager.filter(free, pk=self.pk)
            .update(**taken, attempts=F("attempts") + 1)
        )
        if won:
            self.refresh_from_db()
        return bool(won)


def original_path(_row: models.Model, _name: str) -> str:
    return f"originals/{uuid.uuid4()}"


class PhotoWork(QueuedWork):
    """Work on one uploaded photo."""

    inputs = ("original",)

    filename = models.CharField(_("file"), max_length=255)
    original = models.FileField(upload_to=original_path, blank=True)

    class Meta:
        abstract = True


def kinds() -> Iterator[type[QueuedWork]]:
    """Every kind of queued work that there is."""
    return (model for model in apps.get_models() if issubclass(model, QueuedWork))
