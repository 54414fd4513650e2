"""Architectures by their titles, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from ml.architectures import ARCHITECTURES


def titled(name: str) -> str:
    """The title of an architecture; its name, if there is no such architecture any more."""
    known = ARCHITECTURES.get(name)
    return gettext(known.title) if known else name
