"""Sentences that are said here in English, and that a reader may have in a language of theirs.

`gettext_noop` and `ngettext_noop` mark what is to be translated, for whoever gathers sentences, as
`tell` and `tell_number` do; here nothing is. Whoever shows a sentence hands in a `Language`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_SPACE = "\N{NO-BREAK SPACE}"


def gettext_noop(sentence: str) -> str:
    """A sentence to be translated."""
    return sentence


def ngettext_noop(one: str, several: str) -> tuple[str, str]:
    """A sentence to be translated that counts something."""
    return one, several


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.2f}{_SPACE}%"


def _rate(share: float) -> str:
    return f"{share * 100:g}{_SPACE}%"


def _points(difference: float) -> str:
    return f"{difference * 100:+.2f}".replace("-", "\N{MINUS SIGN}")


def _number(value: float, digits: int = 0) -> str:
    return f"{value:,.{digits}f}"


@dataclass(frozen=True)
class Language:
    """How a reader has sentences, counted ones, and shares 0..1: measured, chosen, and differences
    between them; and numbers with so many digits. `code` is as HTML has it."""

    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    percent: Callable[[float | None], str]
    rate: Callable[[float], str]
    points: Callable[[float], str]
    number: Callable[[float, int], str] = _number
    code: str = "en"


ENGLISH = Language(
    gettext_noop,
    lambda one, several, count: one if count == 1 else several,
    _percent,
    _rate,
    _points,
)
_spoken: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Say everything in this language meanwhile."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> Language:
    """The language of the moment."""
    return _spoken.get()


def tell(sentence: str, **values: object) -> str:
    """A sentence in the language of the moment."""
    said = spoken().gettext(sentence)
    return said % values if values else said


def tell_number(one: str, several: str, count: int, **values: object) -> str:
    """A sentence that counts; `count` is among its values."""
    return spoken().ngettext(one, several, count) % {"count": number(count), **values}


def percent(share: float | None) -> str:
    """A measured share 0..1 as people write it; a dash where there is none."""
    return spoken().percent(share)


def rate(share: float) -> str:
    """A chosen share 0..1, with no more digits than it has."""
    return spoken().rate(share)


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return spoken().points(difference)


def number(value: float, digits: int = 0) -> str:
    """A number with so many digits behind its decimal sign."""
    return spoken().number(value, digits)
