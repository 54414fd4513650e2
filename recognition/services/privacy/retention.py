"""How long photos are kept when nobody deletes them, and what goes when that is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from ml.types import NAMING
from recognition.models import UNFINISHED, Comparison, Identification, WebhookDelivery, having
from recognition.services import chain
from recognition.services.backup import staging
from recognition.services.identification import idempotency
from recognition.services.photos import orphans
from recognition.services.privacy.deletion import delete_expired
from recognition.services.work import processes

EVERY: Final = dt.timedelta(days=1)
"""Between two looks for what has had its time."""
DELIVERIES_KEPT_FOR: Final = dt.timedelta(days=30)
BATCH: Final = 200
"""Photos that go in one transaction: nobody else can write meanwhile."""

_WAITS = Q(status__in=UNFINISHED)
_NAMED = having(Q(decision__in=NAMING) | ~Q(review="") | Q(stranger__person__isnull=False))
_WHICH = {"named": ~_WAITS & _NAMED, "unnamed": ~_WAITS & ~_NAMED, "waiting": _WAITS}


@dataclass(frozen=True)
class Term:
    """A kind of photos by its name in `settings.KEPT_FOR`, and how long they are kept."""

    name: str
    kept_for: dt.timedelta

    def over(self) -> QuerySet[Identification]:
        """Photos that have been kept for longer, the oldest first."""
        asked = Identification.objects.filter(created_at__lt=timezone.now() - self.kept_for)
        return asked.filter(_WHICH[self.name]).order_by("created_at", "pk")


def terms() -> list[Term]:
    return [Term(name, kept_for) for name, kept_for in settings.KEPT_FOR.items()]


def purge() -> dict[str, int]:
    """Delete all photos and rows of the audit log whose time is over, files that no row names, and
    what was set aside for backups that nobody finished; returns how many of which went. May be
    killed at any moment and started again."""
    return {
        **{term.name: _purge(term) for term in terms()},
        "comparisons": _purge_rows(_comparisons_over),
        "deliveries": _purge_rows(_deliveries_over),
        "idempotency_keys": _purge_rows(idempotency.over),
        "audit": chain.expire(_audit_kept_since()),
        "files": orphans.remove(),
        "backups": staging.remove_abandoned(),
    }


def due() -> dict[str, int]:
    """What `purge` would delete now."""
    return {
        **{term.name: term.over().count() for term in terms()},
        "comparisons": _comparisons_over().count(),
        "deliveries": _deliveries_over().count(),
        "idempotency_keys": idempotency.over().count(),
        "audit": chain.expiring(_audit_kept_since()),
        "files": len(orphans.found()),
        "backups": len(staging.abandoned()),
    }


def _audit_kept_since() -> dt.datetime:
    return timezone.now() - settings.AUDIT_KEPT_FOR


def _purge(term: Term) -> int:
    gone = 0
    while ids := list(term.over().values_list("pk", flat=True)[:BATCH]):
        gone += delete_expired(term.over().filter(pk__in=ids), term.name)
    return gone


def _comparisons_over() -> QuerySet[Comparison]:
    """They name nobody, and are kept as photos are in which nobody is named."""
    now, rows = timezone.now(), Comparison.objects.all()
    answered = rows.exclude(_WAITS).filter(created_at__lt=now - settings.KEPT_FOR["unnamed"])
    waiting = rows.filter(_WAITS, created_at__lt=now - settings.KEPT_FOR["waiting"])
    return answered | waiting


def _deliveries_over() -> QuerySet[WebhookDelivery]:
    """The log of what webhooks were told, and what could not be told for as long."""
    return WebhookDelivery.objects.filter(created_at__lt=timezone.now() - DELIVERIES_KEPT_FOR)


def _purge_rows(over: Callable[[], QuerySet[Any]]) -> int:
    gone = 0
    while ids := list(over().values_list("pk", flat=True)[:BATCH]):
        gone += len(ids)
        over().filter(pk__in=ids).delete()
    return gone


def launch_when_due() -> None:
    """Start `manage.py purge` once a day at most, however many workers ask: it takes as long as
    there are files."""
    last = Path(settings.DATA_DIR) / "purged"
    now = timezone.now().timestamp()
    # A file of the future was touched before the clock was set back.
    if not last.is_file() or abs(now - last.stat().st_mtime) > EVERY.total_seconds():
        last.touch()
        processes.start("purge", "--quiet")
