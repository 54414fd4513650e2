"""A traceback is for what nobody has understood yet."""

from __future__ import annotations

import logging
import logging.config
from io import StringIO
from typing import Any

import pytest
from billiard import einfo
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from django.conf import settings
from django.db import OperationalError
from redis.exceptions import ConnectionError as BrokerGone


def told(error: Exception) -> str:
    """What the site's own handler writes of an error that is logged with its traceback."""
    stream = StringIO()
    ours: dict[str, Any] = settings.LOGGING
    configured = ours["handlers"]["console"] | {"stream": stream}
    told_by = {"tests.told": {"handlers": ["console"], "level": "INFO", "propagate": False}}
    logging.config.dictConfig(ours | {"handlers": {"console": configured}, "loggers": told_by})
    try:
        raise error
    except Exception:
        logging.getLogger("tests.told").exception("It fails: %r", error)
    finally:
        logging.config.dictConfig(ours)
    return stream.getvalue()


@pytest.mark.parametrize(
    "error",
    [
        WorkerLostError("signal 9 (SIGKILL)"),
        TimeLimitExceeded(60),
        BrokerGone("Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        OperationalError("database is locked"),
        einfo.ExceptionWithTraceback(WorkerLostError("signal 9"), None),  # type: ignore[attr-defined]
    ],
)
def test_what_is_understood_takes_one_line(error: Exception) -> None:
    assert len(told(error).splitlines()) == 1


def test_what_is_not_keeps_its_traceback() -> None:
    lines = told(ValueError("no such thing")).splitlines()
    assert lines[1] == "Traceback (most recent call last):"
