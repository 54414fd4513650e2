"""What more photos and trainings bring on this site, in sentences for pages and terminals."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ml.evaluation.more_photos import LEFT_OUT, PEOPLE_NEEDED, MorePhotos
from ml.evaluation.resampling import Interval
from recognition.formats import percentage, points


def more_photos(found: MorePhotos | None) -> str:
    """What more photos of each person bring."""
    if found is None:
        words = _(
            "It is too early to tell what more photos of a person would bring on this site: that "
            "takes %(people)d people with %(photos)d enrolled photos each."
        )
        return words % {"people": PEOPLE_NEEDED, "photos": LEFT_OUT}
    words = _(
        "Given %(photos)d enrolled photos of %(people)d people as if they were new, the site "
        "recognises %(one)s with one other photo of each person and %(every)s with all the "
        "others: more photos add %(brings)s points (95%% interval %(low)s to %(high)s)."
    )
    shares = {"one": percentage(found.one.value), "every": percentage(found.every.value)}
    counts = {"photos": found.photos, "people": found.people}
    return words % {**counts, **shares, **_ends("brings", found.brings)}


def reviewed(photos: int) -> str:
    """How many photos only wait to be enrolled."""
    if not photos:
        return _("No reviewed photo is waiting to be enrolled.")
    return ngettext(
        "%(photos)d photo that a reviewer has confirmed can be enrolled at once.",
        "%(photos)d photos that reviewers have confirmed can be enrolled at once.",
        photos,
    ) % {"photos": photos}


def nothing_trained() -> str:
    """No training on the site's own faces was ever compared."""
    return _("No training on this site’s own faces has been measured yet.")


def elsewhere() -> str:
    """What photos and trainings brought where it was measured: docs/training.md has the table."""
    return _(
        "Where this was measured, a few more photos of each person helped most; training on top "
        "of them added a few points or nothing."
    )


def trained(name: str, difference: Interval) -> str:
    """What one training here brought, on people held out of it."""
    words = _(
        "%(name)s, trained here: DIR at FPIR 1%% of people it had not seen changed by "
        "%(difference)s points (95%% interval %(low)s to %(high)s), which is %(what)s."
    )
    return words % {"name": name, **_ends("difference", difference), "what": _what(difference)}


def _what(difference: Interval) -> str:
    if difference.low > 0:
        return _("a gain")
    return _("a loss") if difference.high < 0 else _("no more than chance")


def _ends(name: str, interval: Interval) -> dict[str, str]:
    say: Callable[[float], str] = points
    return {name: say(interval.value), "low": say(interval.low), "high": say(interval.high)}
