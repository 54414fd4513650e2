"""Words that somebody looks for, found by every database alike, in any script."""

from __future__ import annotations

import re
from typing import Any, Final

from django.db.models import Q, QuerySet

MANY: Final = 1000


def numbers_if_few(found: QuerySet[Any]) -> list[Any] | None:
    """Of rows that words have found; None where they are many. What belongs to few is listed once.
    Of many it would be a long list: each row is better asked whether it belongs to one of them,
    as so many do that a page is soon full."""
    numbers = list(found.values_list("pk", flat=True)[: MANY + 1])
    return numbers if len(numbers) <= MANY else None


def containing(field: str, words: str) -> Q:
    """Rows whose field has the words in it as they stand, in upper or lower case."""
    if words.isascii():  # which LIKE knows everywhere, and finds sooner
        return Q(**{f"{field}__icontains": words})
    return Q(**{f"{field}__regex": in_either_case(words)})


def equal(field: str, word: str) -> Q:
    """Rows whose field is the word, in upper or lower case."""
    if word.isascii():
        return Q(**{f"{field}__iexact": word})
    return Q(**{f"{field}__regex": rf"\A{in_either_case(word)}\Z"})


def in_either_case(word: str) -> str:
    """A regular expression that matches the word as it stands, in upper and lower case. Which
    letters are the same is not left to the database: SQLite's LIKE knows only a to z, and so does
    all of PostgreSQL where its locale is C."""
    return "".join(_letter(letter) for letter in word)


def _letter(letter: str) -> str:
    forms = dict.fromkeys((letter, letter.lower(), letter.upper()))
    return f"(?:{'|'.join(re.escape(form) for form in forms)})"
