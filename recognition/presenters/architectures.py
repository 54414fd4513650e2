"""Architectures by their titles, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from ml.architectures import ARCHITECTURES


def titled(name: str) -> str:
    """The name itself, of an architecture that there is no more."""
    known = ARCHITECTURES.get(name)
    return gettext(known.title) if known else name
