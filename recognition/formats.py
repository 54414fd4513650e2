"""How numbers read in the reader's language: probabilities, shares, times."""

from __future__ import annotations

import math

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MINUTE, HOUR = 60, 3600
KILO, MEGA = 2**10, 2**20


def percentage(share: float | None) -> str:
    """A share with one decimal, where tenths of a percent tell something; a dash for none."""
    if share is None or not math.isfinite(share):
        return "–"
    return _("%(number)s%%") % {"number": number_format(round(share * 100, 1), decimal_pos=1)}


def svg_percent(share: float | None) -> str:
    """A share of a side for SVG, which knows no decimal comma; none where there is none."""
    return f"{share or 0:.2%}"


def duration(seconds: float | None) -> str:
    """A time in words, in two units at the most."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 10:
        return _("%(seconds)s s") % {"seconds": number_format(round(seconds, 1), decimal_pos=1)}
    whole = round(seconds)
    if whole < MINUTE:
        return _("%(seconds)s s") % {"seconds": whole}
    if whole < HOUR:
        return _("%(minutes)d min %(seconds)d s") % {
            "minutes": whole // MINUTE,
            "seconds": whole % MINUTE,
        }
    return _("%(hours)d h %(minutes)d min") % {
        "hours": whole // HOUR,
        "minutes": whole % HOUR // MINUTE,
    }


def file_size(size: int) -> str:
    """So many bytes as `static/js/upload.js` says them: rounded up, so that no excess looks
    allowed."""
    if size < MEGA:
        return _("%(number)s kB") % {"number": math.ceil(size / KILO)}
    tenths = math.ceil(10 * size / MEGA)
    number = number_format(tenths / 10, decimal_pos=1 if tenths % 10 else 0)
    return _("%(number)s MB") % {"number": number}


def plain(number: float) -> str:
    """A number with as many digits as it has, as the reader writes it: 0.0003, not 3e-04."""
    return number_format(f"{number:.10f}".rstrip("0").rstrip("."))


def counted(number: int) -> str:
    """A whole number, with its thousands apart."""
    return number_format(number, force_grouping=True)


def rate(share: float) -> str:
    """A rate that somebody has chosen: 10%, 1%, 0.3%."""
    return _("%(number)s%%") % {"number": plain(share * 100)}


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    shown = round(difference * 100, 2)
    sign = "+" if shown > 0 else "−" if shown < 0 else ""
    return sign + number_format(abs(shown), decimal_pos=2)


WORDS = (
    (0.98, gettext_lazy("almost certainly")),
    (0.9, gettext_lazy("very probably")),
    (0.7, gettext_lazy("probably")),
    (0.4, gettext_lazy("possibly")),
    (0.1, gettext_lazy("probably not")),
    (0.0, gettext_lazy("almost certainly not")),
)


def in_words(probability: float) -> str | Promise:
    return next(words for least, words in WORDS if probability >= least)


def percent(probability: float) -> str:
    """A probability in whole percent; never "100%" or "0%", since the site is never certain."""
    number = round(probability * 100)
    if number > 99:
        return _("over 99%")
    if number < 1:
        return _("under 1%")
    return _("%(number)d%%") % {"number": number}


def share(part: float) -> str:
    """A share in whole percent, of something that is no probability."""
    return _("%(number)d%%") % {"number": round(part * 100)}


def turn(degrees: int) -> str:
    """By how much a photo is turned, in tens of degrees: a face tells it no more exactly, as heads
    are held at an angle."""
    return f"{round(degrees, -1)}°"


def bar(probability: float) -> int:
    """The length of a bar, of 100; a sliver of it always shows."""
    return max(1, round(probability * 100))
