"""Sentences about merging people and moving photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy, ngettext

REFUSED = {
    "same_entry": gettext_lazy("These are the same entry."),
    "person_gone": gettext_lazy("One of them has been removed in the meantime."),
    "merge_gone": gettext_lazy("This merge has been undone already."),
    "name_taken": gettext_lazy(
        "It cannot be undone: another person is called %(name)s by now. Rename that one first."
    ),
    "photos_gone": gettext_lazy(
        "It cannot be undone: no photo that came from %(name)s is left here."
    ),
    "nothing_to_move": gettext_lazy("Choose the photos first."),
}


def refused(code: str, params: Mapping[str, Any]) -> str:
    """Why people are not merged or told apart, or photos not moved."""
    return str(REFUSED[code]) % params


def moved(photos: int, name: str) -> str:
    return ngettext(
        "%(photos)d photo now belongs to %(name)s.",
        "%(photos)d photos now belong to %(name)s.",
        photos,
    ) % {"photos": photos, "name": name}
