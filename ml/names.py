"""Names of people and files, as somebody typed them, a table has them or a folder is called."""

from __future__ import annotations

from typing import Final
from unicodedata import bidirectional, category, normalize

_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Classes of the marks that turn around what is shown after them (Unicode, UAX 9, table 4)."""


def straight(text: str) -> str:
    """The text without such marks and without control characters, but for those that are spaces.

    What joins or parts letters, and what says the direction of a place without turning anything,
    stays: Persian, Hindi and Hebrew are written with it.
    """
    return "".join(sign for sign in text if sign.isspace() or not _is_unseen(sign))


def _is_unseen(sign: str) -> bool:
    return category(sign) == "Cc" or bidirectional(sign) in _TURNING


def tidy(name: str) -> str:
    """A person's name in the one form that it has everywhere: one line, one space between words, in
    NFC, as some systems hand over "é" as two code points."""
    return normalize("NFC", " ".join(straight(name).split()))
