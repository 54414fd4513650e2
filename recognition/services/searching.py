"""Words that somebody looks for, as regular expressions that every database reads alike."""

from __future__ import annotations

import re


def in_either_case(word: str) -> str:
    """Matches the word as it stands, in upper and lower case. Which letters are the same is not
    left to the database: SQLite's LIKE knows only a to z, and so does all of PostgreSQL where its
    locale is C."""
    return "".join(_letter(letter) for letter in word)


def _letter(letter: str) -> str:
    forms = dict.fromkeys((letter, letter.lower(), letter.upper()))
    return f"(?:{'|'.join(re.escape(form) for form in forms)})"
