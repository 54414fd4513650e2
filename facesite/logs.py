"""What the log says: a traceback is for errors that nobody has understood yet, and a request has
a line and not two."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from billiard import einfo
from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from facesite import request_ids

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

WHY: Final = "facesite.why"
"""In the environment of a request that was refused or has failed: what its line says of that."""


class OneLine(logging.Filter):
    """Leaves out the traceback of an error that is understood: its message says what it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _is_understood(record):
            record.exc_info = record.exc_text = None
        return True


def _is_understood(record: logging.LogRecord) -> bool:
    """What is refused is no fault of the site either."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, einfo.ExceptionWithTraceback):  # type: ignore[attr-defined]
        error = error.exc
    refused = getattr(record, "status_code", 500) < HTTPStatus.INTERNAL_SERVER_ERROR
    return refused or isinstance(error, UNDERSTOOD)


class OfTheRequest(logging.Filter):
    """Adds its number, and says its route where Django says its path, in which there may be names
    and links that are for one person alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_ids.current()
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and record.args == (request.path,):
            record.args = (route(request),)
        return True


class IntoTheLineOfTheRequest(logging.Filter):
    """Keeps the reason of a refusal, which Django says first, for the line of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        request, said = getattr(record, "request", None), record.args
        if not isinstance(request, HttpRequest) or not isinstance(said, tuple):
            return True
        request.META[WHY] = said[0]
        return False


def route(request: HttpRequest) -> str:
    """The name of its address, without whom or what it is about; none for one that there is not."""
    if request.resolver_match:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"
