from __future__ import annotations

import time

import pytest
from django.utils import translation

from facesite import waiting
from facesite.waiting import Later


def test_what_comes_later_is_in_the_language_that_was_asked_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "close_old_connections", lambda: None)
    with translation.override("ru"):
        later = Later(5, lambda: translation.gettext("Your photos").encode())
    with translation.override("en"):  # as the thread was left by somebody else
        looked = later.looked()
    assert looked is not None
    assert looked.decode() != "Your photos"


def test_an_answer_is_seen_the_sooner_the_sooner_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    later = Later(20, lambda: None, since=100)
    pauses = {}
    for waited in (0, 1, 10, 19.9, 20):
        monkeypatch.setattr(time, "monotonic", lambda waited=waited: 100 + waited)
        pauses[waited] = round(later.pause(), 3)
    assert pauses == {0: 0.02, 1: 0.25, 10: 0.5, 19.9: 0.1, 20: 0}
