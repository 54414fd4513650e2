"""The number of a request, by which those lines of the log are found that belong together, also
those of the worker that does what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import uuid4

from celery.signals import before_task_publish, task_postrun, task_prerun

HEADER: Final = "X-Request-ID"
_LIKE_ONE: Final = re.compile(r"[A-Za-z0-9._=-]{8,128}")

_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """Empty where nobody has asked for what is being done."""
    return _current.get()


def taken_from(header: str) -> str:
    """The number that a proxy has given, if it looks like one; else a new one."""
    return header if _LIKE_ONE.fullmatch(header) else uuid4().hex


@contextmanager
def known_as(number: str) -> Iterator[None]:
    token = _current.set(number)
    try:
        yield
    finally:
        _current.reset(token)


@before_task_publish.connect
def _send_along(headers: dict[str, Any], **_: Any) -> None:
    if number := current():
        headers["request_id"] = number


@task_prerun.connect
def _take_over(task: Any, **_: Any) -> None:
    _current.set(str(task.request.get("request_id") or ""))


@task_postrun.connect
def _let_go(**_: Any) -> None:
    _current.set("")
