"""How numbers of an answer read in words. Pages and admin say them through these filters only."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognition import messages

register = template.Library()

WORDS = (
    (0.98, gettext_lazy("almost certainly")),
    (0.9, gettext_lazy("very probably")),
    (0.7, gettext_lazy("probably")),
    (0.4, gettext_lazy("possibly")),
    (0.1, gettext_lazy("probably not")),
    (0.0, gettext_lazy("almost certainly not")),
)


@register.filter
def in_words(probability: float) -> str | Promise:
    return next(words for least, words in WORDS if probability >= least)


@register.filter
def percent(probability: float) -> str:
    """Whole percent; never "100%" or "0%", since the site is never certain."""
    number = round(probability * 100)
    if number > 99:
        return _("over 99%")
    if number < 1:
        return _("under 1%")
    return _("%(number)d%%") % {"number": number}


@register.filter
def share(part: float) -> str:
    """Whole percent of something that is no probability."""
    return _("%(number)d%%") % {"number": round(part * 100)}


@register.filter
def bar(probability: float) -> int:
    """Length of a bar out of 100; a sliver always shows."""
    return max(1, round(probability * 100))


@register.filter
def photo_error(code: str) -> str:
    return messages.photo_error(code, {})


@register.filter
def quality_advice(reasons: Sequence[str]) -> str:
    return messages.quality_advice(reasons)


@register.filter
def refusal(code: str) -> str:
    return messages.refusal(code, {})
