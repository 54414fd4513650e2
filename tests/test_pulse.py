"""When a worker stops to give signs of life, so that it is replaced."""

from __future__ import annotations

import pytest

from facesite import celery, pulse


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(celery, "time", clock)
    return clock


def test_a_loop_that_hangs_is_silent_and_one_that_waits_for_a_broker_is_not(clock: Clock) -> None:
    loop = celery.Loop()
    clock.now += 1000
    assert loop.goes_round()
    loop.begin()
    clock.now += pulse.SILENT_AFTER + 1
    assert not loop.goes_round()
    loop.end()
    assert loop.goes_round()


def test_a_loop_that_goes_round_and_gets_nothing_done_is_silent_in_the_end(clock: Clock) -> None:
    loop = celery.Loop()
    for done, seconds, well in (
        (False, 0, True),
        (False, celery.IN_VAIN_SECONDS, True),
        (False, 1, False),
        (True, 1, True),
        (False, celery.IN_VAIN_SECONDS, True),
    ):
        clock.now += seconds
        loop.begin()
        loop.note(work_gets_done=done)
        assert loop.goes_round() == well
