"""Sentences about strangers: why what was asked for is not done."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

REFUSED = {
    "gone": gettext_lazy("There is no such stranger any more."),
    "named": gettext_lazy("Somebody has named this stranger in the meantime."),
    "none_ticked": gettext_lazy("Tick the faces that belong to somebody else."),
    "all_ticked": gettext_lazy(
        "Leave at least one face unticked: the ticked ones are separated from the rest."
    ),
    "no_consent": gettext_lazy(
        "No consent of this person to be recognised is on record, or it is over. Nothing was "
        "changed."
    ),
}


def stranger_refused(code: str) -> str:
    """Why somebody's decision about a stranger is not taken."""
    return str(REFUSED[code])
