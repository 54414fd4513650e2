"""What the log says of errors: a traceback is for those that nobody has understood yet."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from billiard import einfo
from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError
from django.db import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

UNDERSTOOD: Final = (
    WorkerLostError,  # a child was killed
    SoftTimeLimitExceeded,
    TimeLimitExceeded,
    ConnectionError,
    RedisError,
    BrokerError,
    OperationalError,  # the database is away, locked or full
    InterfaceError,
)


class OneLine(logging.Filter):
    """Leaves out the traceback of an error that is understood: its message says what it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _is_understood(record):
            record.exc_info = record.exc_text = None
        return True


def _is_understood(record: logging.LogRecord) -> bool:
    """Whoever may not see a page is no fault of the site either."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, einfo.ExceptionWithTraceback):  # type: ignore[attr-defined]
        error = error.exc
    refused = getattr(record, "status_code", None) == HTTPStatus.FORBIDDEN
    return refused or isinstance(error, UNDERSTOOD)
