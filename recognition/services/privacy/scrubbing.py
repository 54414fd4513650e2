"""Overwriting what a database keeps of rows that are gone.

SQLite is told to overwrite what it deletes, but as it rearranges its pages, copies of some rows
stay in the gaps between others; PostgreSQL keeps all until it needs the space. Writing the tables
anew leaves nothing. That takes time, so that a process of its own does it, after every erasure.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Final

from celery import current_app
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError

from recognition.models import AuditEvent
from recognition.models.work import PROCESSES
from recognition.services import chain
from recognition.services.audit import record
from recognition.services.gallery import vectors
from recognition.services.privacy.erasure import REMOVED
from recognition.services.work import processes

SCRUBBED: Final = "database.scrubbed"
AFTER: Final = (REMOVED, "account.deleted")
"""What leaves something to overwrite that somebody has a right to."""
AGAIN_SECONDS: Final = 60.0
"""After this long it is asked for once more, if it has not been done."""
PATIENCE_SECONDS: Final = 20.0
"""So long whoever reads keeps the log of SQLite from being emptied."""

_asked: tuple[int, float] = 0, 0.0


def owed() -> int:
    """The number of the newest erasure after which nothing was overwritten; 0 if there is none."""
    done = AuditEvent.objects.filter(action=SCRUBBED).order_by("number").last()
    erased = AuditEvent.objects.filter(action__in=AFTER).order_by("number").last()
    through = done.details["through"] if done else 0
    return erased.number if erased and erased.number > through else 0


def sweep() -> None:
    """Have a worker start the process, as long as it is owed."""
    global _asked  # noqa: PLW0603  (of this process alone, as are the messages that it sends)
    number, now = owed(), time.monotonic()
    before, asked = _asked
    if number and (number != before or now - asked > AGAIN_SECONDS):
        _asked = number, now
        with suppress(OperationalError):
            current_app.send_task("recognition.tasks.scrub", queue=PROCESSES, retry=False)


def launch() -> None:
    if owed():
        processes.start("scrub", "--quiet")


def scrub() -> None:
    """Write the tables anew. Whoever wants to write waits meanwhile."""
    through = chain.head().number
    {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]()
    record(None, SCRUBBED, None, through=through)


def _sqlite() -> None:
    """The file, and then its write-ahead log, which has the old pages until it is emptied."""
    _execute("VACUUM")
    until = time.monotonic() + PATIENCE_SECONDS
    while _execute("PRAGMA wal_checkpoint(TRUNCATE)")[0] and time.monotonic() < until:
        time.sleep(0.1)


def _postgresql() -> None:
    """Every table. The write-ahead log is the server's: it drops segments that it no longer needs
    at a checkpoint, for which an account may lack the right."""
    tables = connection.introspection.django_table_names(only_existing=True)
    for table in [*tables, *vectors.names()]:
        _execute(f"VACUUM FULL {connection.ops.quote_name(table)}")
    for statement in ("SELECT pg_switch_wal()", "CHECKPOINT"):
        with suppress(DatabaseError):
            _execute(statement)


def _execute(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None
