"""An answer that is held back until there is more to say, while no thread waits for it.

A view that has answered already leaves word here that a fuller answer may follow. The web process
then looks again every now and then, each time in a thread for a moment, and sends what it has when
the time is over. Where nobody looks (a test, Django's own server) the first answer is sent at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import close_old_connections

LATER: Final = "facesite.later"
"""In the environment of a request."""
FIRST_PAUSE: Final = 0.03
LONGEST_PAUSE: Final = 0.5


@dataclass(frozen=True)
class Later:
    """`look` returns the body of the fuller answer, which is a success, or None as long as there is
    none; so many `seconds` it may be waited for."""

    seconds: float
    look: Callable[[], bytes | None]
    since: float = field(default_factory=time.monotonic)

    def looked(self) -> bytes | None:
        """In a thread that has asked the database before."""
        close_old_connections()
        return self.look()

    def left(self) -> float:
        return self.since + self.seconds - time.monotonic()


def leave_word(environ: MutableMapping[str, Any], later: Later) -> None:
    environ[LATER] = later


async def fuller(
    environ: MutableMapping[str, Any], in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]
) -> bytes | None:
    """The body of the fuller answer, if one was promised and comes in time."""
    later: Later | None = environ.get(LATER)
    pause = FIRST_PAUSE
    while later and (left := later.left()) > 0:
        await asyncio.sleep(min(pause, left))
        if body := await in_thread(later.looked):
            return bytes(body)
        pause = min(pause * 1.5, LONGEST_PAUSE)
    return None
