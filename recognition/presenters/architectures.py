"""Architectures by their titles, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from ml.architectures import ARCHITECTURES
from ml.artifact import IMPORTED


def titled(name: str) -> str:
    """The title of an architecture; its name, if there is no such architecture any more."""
    if name == IMPORTED:
        return gettext("Trained elsewhere")
    known = ARCHITECTURES.get(name)
    return gettext(known.title) if known else name
