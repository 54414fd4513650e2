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
from django.utils import translation

LATER: Final = "facesite.later"
"""In the environment of a request."""
PAUSE: Final = (0.02, 0.5)
"""Seconds between two looks, at least and at most."""
SHARE: Final = 0.25
"""Of the time that it was waited for already: so much later an answer may be seen."""


@dataclass(frozen=True)
class Later:
    """`look` returns the body of the fuller answer, which is a success, or None as long as there is
    none; so many `seconds` it may be waited for."""

    seconds: float
    look: Callable[[], bytes | None]
    since: float = field(default_factory=time.monotonic)
    language: str = field(default_factory=translation.get_language)

    def looked(self) -> bytes | None:
        """In a thread that has asked the database before, and spoken to somebody else."""
        close_old_connections()
        with translation.override(self.language):
            return self.look()

    def pause(self) -> float:
        """Seconds until it is worth while to look again; none once the time is over."""
        waited = time.monotonic() - self.since
        shortest, longest = PAUSE
        return min(max(shortest, SHARE * waited), longest, max(0.0, self.seconds - waited))


def leave_word(environ: MutableMapping[str, Any], later: Later) -> None:
    environ[LATER] = later


async def fuller(
    environ: MutableMapping[str, Any], in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]
) -> bytes | None:
    """The body of the fuller answer, if one was promised and comes in time."""
    later: Later | None = environ.get(LATER)
    while later and (pause := later.pause()):
        await asyncio.sleep(pause)
        if body := await in_thread(later.looked):
            return bytes(body)
    return None
