"""Sentences about what is kept, and what is deleted."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, ngettext

_KEPT = {
    "named": gettext_lazy("Photos in which somebody was named, or that a reviewer judged"),
    "unnamed": gettext_lazy("Photos in which nobody was named"),
    "waiting": gettext_lazy("Photos that got no answer"),
    "comparisons": gettext_lazy("Comparisons of two photos"),
    "idempotency_keys": gettext_lazy("Keys of uploads that may be sent twice"),
    "deliveries": gettext_lazy("Deliveries to webhooks"),
    "audit": gettext_lazy("Rows of the audit log"),
    "files": gettext_lazy("Files that belong to nothing any more"),
    "backups": gettext_lazy("Backups that nobody finished"),
}


def kept(name: str) -> str:
    """What a term is about; see `recognition.services.privacy.retention`."""
    return str(_KEPT[name])


def agreed(people: int) -> str:
    return ngettext(
        "The consent of %(people)d person is recorded.",
        "The consent of %(people)d people is recorded.",
        people,
    ) % {"people": people}


def deleted(photos: int) -> str:
    return ngettext("%(photos)d photo was deleted.", "%(photos)d photos were deleted.", photos) % {
        "photos": photos
    }
