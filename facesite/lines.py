"""Lines of the log, for people or for machines. Loaded by processes that load nothing else of the
site, and as light."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from types import TracebackType
from typing import Any, Final

TOLD: Final = ("request_id", "method", "route", "status", "ms", "user", "work", "row", "why")
"""What a line of JSON may have beside its message. Libraries add more to a record, such as the
whole request, in which there are names."""

_VALUES: Final = re.compile(r"DETAIL: .*?(?=\\n|$)", re.MULTILINE)
"""With which PostgreSQL repeats the row that it does not take, also where an error is told by its
`repr`."""


class _Line(logging.Formatter):
    """One line an event, but for the traceback of an error that nobody has understood."""

    def formatException(  # noqa: N802  (logging's name)
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | Any
    ) -> str:
        return _VALUES.sub("DETAIL: …", super().formatException(ei))


def message(record: logging.LogRecord) -> str:
    return " ".join(_VALUES.sub("DETAIL: …", record.getMessage()).splitlines()).strip()


class Text(_Line):
    """Level, who says it, what, and the number of the request."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        line = f"{record.levelname:<7} {record.name}: {message(record)}"
        number = getattr(record, "request_id", "")
        return f"{line} [{number}]" if number else line


class Json(_Line):
    """An object a line, with the traceback in it."""

    def format(self, record: logging.LogRecord) -> str:
        own = {name: getattr(record, name, None) for name in TOLD}
        if record.exc_info:
            own["error"] = self.formatException(record.exc_info)
        return as_json(record.levelname, record.name, message(record), **own)


def as_json(level: str, logger: str, said: str, **own: Any) -> str:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    line = {"time": now, "level": level.lower(), "logger": logger, "message": said}
    given = {name: value for name, value in own.items() if value not in {None, ""}}
    return json.dumps(line | given)


class JsonPrinter:
    """In the place of honcho's: what is an object already passes, and the rest is put into one."""

    width = 0

    def write(self, message: Any) -> None:
        said = message.data
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        for line in text.splitlines():
            print(line if line[:1] == "{" else as_json("info", message.name, line), flush=True)
