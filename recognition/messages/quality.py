"""What makes a face hard to recognise, in numbers, and what to try for a better answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy

from ml.types import QualityReason
from recognition.formats import share

Measured = Mapping[str, tuple[float, float]]
"""By reason what was measured and from where on it does no harm."""

_ADVICE = {
    QualityReason.TOO_SMALL: gettext_lazy(
        "The face is small. Try a photo taken from closer, or at a higher resolution."
    ),
    QualityReason.BLURRED: gettext_lazy("The face is blurred. Try a sharper photo."),
    QualityReason.TURNED_AWAY: gettext_lazy(
        "The face is turned away. Try a photo in which it looks towards the camera."
    ),
    QualityReason.TOO_DARK: gettext_lazy("The face is too dark. Try a photo in better light."),
    QualityReason.TOO_BRIGHT: gettext_lazy(
        "The face is too bright. Try a photo in softer light, without flash."
    ),
    QualityReason.COVERED: gettext_lazy(
        "The face is partly covered. Try a photo without a mask, dark glasses or a hand in front "
        "of it."
    ),
    QualityReason.CUT_OFF: gettext_lazy(
        "Only a part of the face is in the photo. Try one that shows all of it."
    ),
    QualityReason.NOISY: gettext_lazy("The photo is grainy. Try one taken in more light."),
}

_NUMBERS = {
    QualityReason.TOO_SMALL: gettext_lazy(
        "It is %(measured)s pixels across; %(good)s or more work better."
    ),
    QualityReason.BLURRED: gettext_lazy(
        "Fine detail makes up %(measured)s of its contrast; %(good)s or more work better."
    ),
    QualityReason.TOO_DARK: gettext_lazy(
        "It has %(measured)s of full brightness; %(good)s or more work better."
    ),
    QualityReason.TOO_BRIGHT: gettext_lazy(
        "It has %(measured)s of full brightness; %(good)s or less work better."
    ),
    QualityReason.COVERED: gettext_lazy(
        "Its eyes or its mouth show %(measured)s of the detail of the whole face; %(good)s or more "
        "work better."
    ),
    QualityReason.CUT_OFF: gettext_lazy(
        "%(measured)s of the middle of the face lies outside the photo; up to %(good)s does no "
        "harm."
    ),
    QualityReason.NOISY: gettext_lazy(
        "The grain is %(measured)s of 255 grey levels strong; up to %(good)s does no harm."
    ),
}
_WHOLE_NUMBERS: Final = (QualityReason.TOO_SMALL, QualityReason.NOISY)
"""The others are shares."""


def quality_advice(reasons: Iterable[str], measured: Measured | None = None) -> str:
    """What to try for a better answer; the worst trouble comes first and is the one named."""
    worst = next((QualityReason(reason) for reason in reasons if reason in _ADVICE), None)
    if worst is None:
        return ""
    return " ".join((str(_ADVICE[worst]), _in_numbers(worst, measured or {}))).rstrip()


def _in_numbers(reason: QualityReason, measured: Measured) -> str:
    """Nothing where no number would tell anything, and for faces that were assessed before numbers
    were kept."""
    if reason not in measured or reason not in _NUMBERS:
        return ""
    found, good = (_number(reason, value) for value in measured[reason])
    return str(_NUMBERS[reason]) % {"measured": found, "good": good}


def _number(reason: QualityReason, value: float) -> str:
    return number_format(round(value)) if reason in _WHOLE_NUMBERS else share(value)
