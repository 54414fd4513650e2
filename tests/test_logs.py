"""One line an event, and a traceback for what nobody has understood yet."""

from __future__ import annotations

import json
import logging
import logging.config
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from billiard import einfo
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from django.conf import settings
from django.db import IntegrityError, OperationalError
from django.test import RequestFactory
from redis.exceptions import ConnectionError as BrokerGone

from facesite import lines, logs
from tests.sites import python


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


def line_of(formatter: logging.Formatter, message: str, **own: Any) -> str:
    record = logging.LogRecord("some.where", logging.WARNING, "", 0, message, None, None)
    record.__dict__.update(own)
    return formatter.format(record)


def test_a_message_of_several_lines_is_one() -> None:
    said = line_of(lines.Text(), "It fails:\nbadly", request_id="4f2a90c1")
    assert said == "WARNING some.where: It fails: badly [4f2a90c1]"


def test_what_a_library_adds_to_a_record_is_not_told() -> None:
    said = json.loads(line_of(lines.Json(), "It fails", request="GET /?q=Ada", status=500))
    assert said.pop("time")
    assert said == {
        "level": "warning",
        "logger": "some.where",
        "message": "It fails",
        "status": 500,
    }


def test_the_row_that_a_database_does_not_take_is_not_repeated() -> None:
    error = IntegrityError("not unique\nDETAIL:  Key (name)=(Ada Lovelace) already exists.")
    assert "Ada" not in told(error)
    assert "not unique" in told(error)


def test_the_page_that_fails_is_named_by_its_route(rf: RequestFactory) -> None:
    """A link to set a password is in its path."""
    request = rf.get("/accounts/password/reset/key/1-secret/")
    record = logging.LogRecord("django.request", 40, "", 0, "Error: %s", (request.path,), None)
    record.request = request
    assert logs.OfTheRequest().filter(record)
    assert record.getMessage() == "Error: none"


def test_what_other_programs_print_becomes_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    printer = lines.JsonPrinter()
    for said in (b'{"message": "as it is"}\nWARNING \xff overcommit\n', "web started\n"):
        printer.write(SimpleNamespace(data=said, name="broker"))
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in printed] == [
        "as it is",
        "WARNING \ufffd overcommit",
        "web started",
    ]


def test_the_process_that_watches_over_the_web_process_writes_likewise() -> None:
    code = (
        "import runpy; from gunicorn.config import Config;"
        "made = runpy.run_path('facesite/gunicorn_config.py')['logger_class'](Config());"
        "made.error('It has %s', 'ended')"
    )
    assert json.loads(python("-c", code, FACESITE_LOG="json").stderr)["message"] == "It has ended"
    assert python("-c", code).stderr == "ERROR   gunicorn.error: It has ended\n"
