from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import pytest
from django.db import DatabaseError
from django.utils import translation

from facesite import waiting
from facesite.waiting import LATER, Later, fuller


class Photos:
    """Rows that are all unfinished but for those that are `final`, and how often they were looked
    at. As long as it is `away`, the database does not answer."""

    final: ClassVar[set[int]] = set()
    looks: ClassVar[list[set[int]]] = []
    away: ClassVar[bool] = False

    @classmethod
    def unfinished(cls, pks: Collection[int]) -> set[int]:
        cls.looks.append(set(pks))
        if cls.away:
            raise DatabaseError
        return set(pks) - cls.final


@pytest.fixture(autouse=True)
def _nothing_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "close_old_connections", lambda: None)
    monkeypatch.setattr(Photos, "final", set())
    monkeypatch.setattr(Photos, "looks", [])


def later(*rows: int, left: int = 0, seconds: float = 5, **others: Any) -> Later:
    return Later(seconds, Photos, frozenset(rows), left, lambda: str(rows).encode(), **others)


async def in_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


def test_what_comes_later_is_in_the_language_that_was_asked_in() -> None:
    with translation.override("ru"):
        asked = Later(
            5, Photos, frozenset(), 0, lambda: translation.gettext("Your photos").encode()
        )
    with translation.override("en"):  # as the thread was left by somebody else
        assert asked.said().decode() != "Your photos"


def test_an_answer_is_seen_the_sooner_the_sooner_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = later(1, seconds=20, since=100)
    pauses = {}
    for waited in (0, 1, 10, 19.9, 20):
        monkeypatch.setattr(time, "monotonic", lambda waited=waited: 100 + waited)
        pauses[waited] = round(asked.pause(), 3)
    assert pauses == {0: 0.02, 1: 0.25, 10: 0.5, 19.9: 0.1, 20: 0}


def test_one_look_is_for_all_who_wait_and_each_gets_their_own_answer() -> None:
    async def wait() -> list[bytes | None]:
        asked = [later(1, 2, left=1), later(3, 4), later(5, 6, seconds=0.4)]
        answers = [asyncio.create_task(fuller({LATER: one}, in_thread)) for one in asked]
        await asyncio.sleep(0.1)
        assert not any(answer.done() for answer in answers)
        Photos.final |= {2, 3, 5}
        await asyncio.wait_for(answers[0], 0.2)  # one of its two is news
        assert not answers[1].done()
        Photos.final.add(4)
        return await asyncio.gather(*answers)

    assert asyncio.run(wait()) == [b"(1, 2)", b"(3, 4)", None]
    assert Photos.looks[0] == {1, 2, 3, 4, 5, 6}
    assert Photos.looks[-1] == {5, 6}


def test_who_comes_later_does_not_wait_for_the_pause_of_others() -> None:
    async def wait() -> float:
        long_since = later(1, seconds=30, since=time.monotonic() - 20)
        first = asyncio.create_task(fuller({LATER: long_since}, in_thread))
        await asyncio.sleep(0.05)
        Photos.final.add(2)
        began = time.monotonic()
        assert await fuller({LATER: later(2)}, in_thread) == b"(2,)"
        first.cancel()
        return time.monotonic() - began

    assert asyncio.run(wait()) < waiting.PAUSE[1]


def test_a_database_that_is_away_for_a_moment_costs_nobody_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wait() -> bytes | None:
        monkeypatch.setattr(Photos, "away", True)
        answer = asyncio.create_task(fuller({LATER: later(1)}, in_thread))
        await asyncio.sleep(0.1)
        assert Photos.looks
        Photos.final.add(1)
        monkeypatch.setattr(Photos, "away", False)
        return await answer

    assert asyncio.run(wait()) == b"(1,)"


def test_where_nobody_promised_more_nobody_waits() -> None:
    assert asyncio.run(fuller({}, in_thread)) is None
    assert not Photos.looks
