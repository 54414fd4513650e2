"""Sentences that are said here in English, and that a reader may have in a language of theirs.

`gettext_noop` and `ngettext_noop` mark what is to be translated, for whoever gathers sentences;
here nothing is. Whoever shows a sentence hands in a `Language`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_SPACE = "\N{NO-BREAK SPACE}"


def gettext_noop(sentence: str) -> str:
    """A sentence to be translated."""
    return sentence


def ngettext_noop(one: str, several: str) -> tuple[str, str]:
    """A sentence to be translated that counts something."""
    return one, several


def percent(share: float | None) -> str:
    """A measured share 0..1 as people write it; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.2f}{_SPACE}%"


def rate(share: float) -> str:
    """A chosen share 0..1, with no more digits than it has."""
    return f"{share * 100:g}{_SPACE}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{difference * 100:+.2f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Language:
    """How a reader has sentences, counted ones, and shares 0..1: measured, chosen, and differences
    between them."""

    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    percent: Callable[[float | None], str]
    rate: Callable[[float], str]
    points: Callable[[float], str]


ENGLISH = Language(
    gettext_noop, lambda one, several, count: one if count == 1 else several, percent, rate, points
)
