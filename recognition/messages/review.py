"""Sentences about verdicts of reviewers: why one is not kept."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

REFUSED = {
    "no_verdict": gettext_lazy("Choose one of the four verdicts."),
    "nobody_named": gettext_lazy(
        "The site named nobody here. If that is right, mark “Not in the gallery”."
    ),
    "person_unused": gettext_lazy("A person can only be given with “Somebody else”."),
    "person_missing": gettext_lazy("Choose who it is."),
    "not_held": gettext_lazy(
        "Somebody else looks at this face now, or has judged it in the meantime, or it was deleted."
    ),
    "nothing_to_undo": gettext_lazy(
        "The last verdict on this face is not yours, so you cannot take it back."
    ),
    "no_opinion": gettext_lazy("Say whether the answer is right."),
    "same_person": gettext_lazy("This is the person that the site named. Mark “Right” instead."),
}


def verdict_refused(code: str) -> str:
    """Why a verdict makes no sense for a face."""
    return str(REFUSED[code])
