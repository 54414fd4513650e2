"""An answer that is held back until there is more to say, while no thread waits for it.

A view that has answered already leaves word here that a fuller answer may follow once some rows are
final. The web process then looks for all who wait, together, every now and then, in a thread for a
moment, and sends what it has when the time is over. Where nobody looks (a test, Django's own
server) the first answer is sent at once.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from django.db import DatabaseError, close_old_connections
from django.utils import translation

LATER: Final = "facesite.later"
"""In the environment of a request."""
PAUSE: Final = (0.02, 0.5)
"""Seconds between two looks, at least and at most."""
SHARE: Final = 0.25
"""Of the time that it was waited for already: so much later an answer may be seen."""

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]
P = ParamSpec("P")
T = TypeVar("T")


class Work(Protocol):
    """A model whose rows are final some day."""

    @classmethod
    def unfinished(cls, pks: Collection[Any]) -> set[Any]:
        """Those of these rows that are not."""


@dataclass(frozen=True, eq=False)
class Later:
    """`say` returns the body of the fuller answer, which is a success, once at most `left` of these
    `rows` of `work` are unfinished; so many `seconds` it may be waited for."""

    seconds: float
    work: type[Work]
    rows: frozenset[Any]
    left: int
    say: Callable[[], bytes]
    since: float = field(default_factory=time.monotonic)
    language: str = field(default_factory=translation.get_language)

    def said(self) -> bytes:
        """In a thread that has spoken to somebody else before."""
        with translation.override(self.language):
            return self.say()

    def pause(self) -> float:
        """Seconds from one look to the next; none once the time is over."""
        waited = time.monotonic() - self.since
        shortest, longest = PAUSE
        return min(max(shortest, SHARE * waited), longest, max(0.0, self.seconds - waited))


def leave_word(environ: MutableMapping[str, Any], later: Later) -> None:
    environ[LATER] = later


def with_news(waiting: Collection[Later]) -> list[Later]:
    """Those of whose rows enough are final, with one query for each model."""
    asked: dict[type[Work], set[Any]] = defaultdict(set)
    for later in waiting:
        asked[later.work] |= later.rows
    unfinished = {work: work.unfinished(rows) for work, rows in asked.items()}
    return [later for later in waiting if len(later.rows & unfinished[later.work]) <= later.left]


class Lookout:
    """Looks for all who wait, as often as whoever came last wants it."""

    def __init__(self) -> None:
        self._waiting: dict[Later, asyncio.Event] = {}
        self._looking: asyncio.Task[None] | None = None

    async def sees(self, later: Later, in_thread: InThread) -> bool:
        """Whether there is news in time."""
        self._waiting[later] = news = asyncio.Event()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(in_thread))
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), later.seconds)
        finally:
            del self._waiting[later]
        return news.is_set()

    async def _look(self, in_thread: InThread) -> None:
        looked = time.monotonic()
        while self._waiting:
            await asyncio.sleep(PAUSE[0])
            waiting = [later for later, news in self._waiting.items() if not news.is_set()]
            if not waiting or time.monotonic() < looked + min(map(Later.pause, waiting)):
                continue
            with suppress(DatabaseError):  # there is another look
                for later in await in_thread(partial(_asked, with_news, waiting)):
                    if news := self._waiting.get(later):
                        news.set()
            looked = time.monotonic()


_lookout = Lookout()


async def fuller(environ: MutableMapping[str, Any], in_thread: InThread) -> bytes | None:
    """The body of the fuller answer, if one was promised and comes in time."""
    later: Later | None = environ.get(LATER)
    if later and await _lookout.sees(later, in_thread):
        return bytes(await in_thread(partial(_asked, later.said)))
    return None


def _asked(question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a thread that has asked the database before, maybe long ago."""
    close_old_connections()
    return question(*args, **kwargs)
