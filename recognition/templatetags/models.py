"""How the figures of trainings and model versions read. Pages and admin say them through these."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recognition.messages import photo_error

register = template.Library()

MINUTE, HOUR = 60, 3600


@register.filter
def percentage(share: float | None) -> str:
    """One decimal, for shares of which tenths of a percent tell something; a dash without one."""
    if share is None or not math.isfinite(share):
        return "–"
    return _("%(number)s%%") % {"number": number_format(round(share * 100, 1), decimal_pos=1)}


@register.filter
def duration(seconds: float | None) -> str:
    """Two units at the most."""
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


@register.filter
def plain(number: float) -> str:
    """As many digits as it has, in the reader's writing: 0.0003, not 3e-04."""
    return number_format(f"{number:.10f}".rstrip("0").rstrip("."))


@register.filter
def rate(share: float) -> str:
    """A rate that somebody has chosen: 10%, 1%, 0.3%."""
    return _("%(number)s%%") % {"number": plain(share * 100)}


def gate_reason(code: str, params: Mapping[str, float]) -> str:
    """One reason of `ml.evaluation.gate` as a sentence; the code itself if it is a newer one."""
    words = _REASONS.get(code)
    if words is not None:
        return words(params)
    return _comparison(params) if "difference" in params else code


def _left_out(params: Mapping[str, float]) -> str:
    text = ngettext(
        "%(count)d person was left out of the comparison: the version in service has learned them.",
        "%(count)d people were left out of the comparison: the version in service has learned "
        "them.",
        int(params["people"]),
    )
    return text % {"count": params["people"]}


def _too_few_people(params: Mapping[str, float]) -> str:
    text = ngettext(
        "There is only %(count)d person whom neither version was trained on; %(needed)d are "
        "needed to judge by.",
        "There are only %(count)d people whom neither version was trained on; %(needed)d are "
        "needed to judge by.",
        int(params["people"]),
    )
    return text % {"count": params["people"], "needed": params["needed"]}


def _too_few_probes(params: Mapping[str, float]) -> str:
    text = ngettext(
        "There is only %(count)d photo to search for; %(needed)d are needed, of people with more "
        "than three.",
        "There are only %(count)d photos to search for; %(needed)d are needed, of people with "
        "more than three.",
        int(params["probes"]),
    )
    return text % {"count": params["probes"], "needed": params["needed"]}


def _few_strangers(params: Mapping[str, float]) -> str:
    text = ngettext(
        "FPIR %(rate)s rests on no more than %(count)d photo of a stranger.",
        "FPIR %(rate)s rests on no more than %(count)d photos of strangers.",
        int(params["strangers"]),
    )
    return text % {"count": params["strangers"], "rate": rate(params["fpir"])}


def _comparison(params: Mapping[str, float]) -> str:
    """The two versions at one measure; worse is what lies below 0 with its whole interval."""
    text = (
        _(
            "%(measure)s: %(candidate)s against %(active)s. Worse, and not by chance: the "
            "difference is %(difference)s points, between %(low)s and %(high)s."
        )
        if params["high"] < 0
        else _(
            "%(measure)s: %(candidate)s against %(active)s. Not worse beyond chance: the "
            "difference is %(difference)s points, between %(low)s and %(high)s."
        )
    )
    measure = _("Rank 1")
    if "fpir" in params:
        measure = _("DIR at FPIR %(rate)s") % {"rate": rate(params["fpir"])}
    return text % {
        "measure": measure,
        "candidate": percentage(params["candidate"]),
        "active": percentage(params["active"]),
        **{name: points(params[name]) for name in ("difference", "low", "high")},
    }


_REASONS: Final[dict[str, Callable[[Mapping[str, float]], str]]] = {
    "nothing_to_compare_with": lambda _params: _(
        "No version is in service that it could be compared with."
    ),
    "left_out": _left_out,
    "too_few_people": _too_few_people,
    "too_few_probes": _too_few_probes,
    "few_strangers": _few_strangers,
}


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    shown = round(difference * 100, 2)
    sign = "+" if shown > 0 else "−" if shown < 0 else ""
    return sign + number_format(abs(shown), decimal_pos=2)


_TRAINING_ERRORS: Final = {
    "no_folder": gettext_lazy("The folder to train on is not there."),
    "no_photos": gettext_lazy("There are no photos in the folder to train on."),
    "bad_name": gettext_lazy("The name of a folder cannot be the name of a person. Rename it."),
    "photos_in_root": gettext_lazy("Photos belong in a folder for each person."),
    "photo_of_two_people": gettext_lazy(
        "The same photo lies under two people. Take it away from one of them."
    ),
    "too_few_people": gettext_lazy(
        "There are too few people with photos enough. Add people, or photos of them."
    ),
    "unreadable_file": gettext_lazy("A file to train on cannot be read."),
    "unwritable": gettext_lazy("A folder of the training cannot be written."),
    "disk_full": gettext_lazy("The disk is full. Make room."),
    "os_error": gettext_lazy("The system refused a file: the disk may be full."),
    "photos_changed": gettext_lazy("The photos have changed since it began. Start a new training."),
    "cannot_resume": gettext_lazy("Its checkpoint cannot be used. Start a new training."),
    "training_error": gettext_lazy("The training itself could not go on."),
    "export_disagrees": gettext_lazy(
        "The exported network does not compute what the trained one does, so no version was made."
    ),
    "gave_up": gettext_lazy("Its process died several times, perhaps for want of memory."),
    "bug": gettext_lazy("An error of the program ended it. Tell whoever runs this site."),
}


def training_error(code: str) -> str:
    """Why a training did not come to its end; the run's own message has the particulars."""
    return str(_TRAINING_ERRORS.get(code) or _TRAINING_ERRORS["training_error"])


@register.filter
def trial_error(code: str) -> str:
    if code.startswith("model_") or code == "weights_missing":
        return _("A file of one of the two versions is missing or damaged.")
    return photo_error(code)
