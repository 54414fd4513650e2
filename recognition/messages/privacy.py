"""Sentences about what is deleted."""

from __future__ import annotations

from django.utils.translation import ngettext


def deleted(photos: int) -> str:
    return ngettext("%(photos)d photo was deleted.", "%(photos)d photos were deleted.", photos) % {
        "photos": photos
    }
