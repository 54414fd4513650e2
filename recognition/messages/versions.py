"""Sentences about model versions: what is wrong with one, and why it does not go into service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from ml.evaluation.verdicts import TITLES, Outcome, Reason, Verdict, in_words, sentence
from ml.language import Language
from recognition import formats
from recognition.messages.photos import photo_error

Params = Mapping[str, Any]

_MODEL = {
    "model_missing": gettext_lazy("The model, or a file of it, is not there: %(path)s"),
    "model_damaged": gettext_lazy("A file of the model is damaged: %(path)s"),
    "weights_missing": gettext_lazy("A packaged network is missing or damaged: %(path)s"),
    "model_without_keras": gettext_lazy(
        "The network was imported and has no form for Keras: set FACESITE_ENGINE to openvino, or "
        "put another version into service. %(path)s"
    ),
    "model_too_new": gettext_lazy("The model was written by a newer facesite: %(path)s"),
    "model_too_old": gettext_lazy(
        "The model was written by an earlier facesite, whose answers rested on other numbers: "
        "%(path)s"
    ),
}

_PROMOTION = {
    "already_active": gettext_lazy("%(version)s is in service already."),
    "gate_not_passed": gettext_lazy(
        "%(version)s did not pass the gate. To put it into service, give a reason; it is kept."
    ),
    "always_open": gettext_lazy(
        "%(version)s answers by the people who are enrolled, and already names nobody below a "
        "threshold."
    ),
    "no_way_back": gettext_lazy("There is no version to go back to."),
    "nobody_waits": gettext_lazy("%(version)s no longer waits to go into service."),
    "place_taken": gettext_lazy(
        "%(active)s has gone into service in the meantime, and %(version)s was compared with "
        "%(against)s: it stays a candidate."
    ),
}

_CROPS = {
    "crops_lost": gettext_lazy(
        "The crops of %(lost)d of %(enrolled)d enrolled faces are gone or damaged: restore the "
        "folder %(folder)s, or remove these photos and enrol them again."
    ),
    "crops_unreadable": gettext_lazy(
        "The crop of an enrolled face cannot be read (%(trouble)s). Check that the folder "
        "%(folder)s is there, and who may read it."
    ),
}


def model_problem(code: str, path: str) -> str:
    """Which file of a model is at fault, and how."""
    return str(_MODEL[code]) % {"path": path}


def promotion_refused(code: str, params: Params) -> str:
    """Why a version does not go into service."""
    if code in _PROMOTION:
        return str(_PROMOTION[code]) % params
    return _("%(version)s cannot go into service. %(reason)s") % {
        "version": params["version"],
        "reason": str(_CROPS.get(code) or _MODEL[code]) % params,
    }


def gate_reason(code: str, params: Mapping[str, float]) -> str:
    """One reason of the gate in the reader's language; the code itself if it is a newer one."""
    return sentence(Reason(code, params), _language())


def gate_outcome(outcome: Outcome) -> str:
    """What the gate says of a version, in a few words."""
    return gettext(TITLES[outcome])


def gate_in_words(gate: Params) -> str:
    """What the gate says of a version, with its reasons, for a terminal."""
    return in_words(Verdict.from_dict(gate), _language())


def _language() -> Language:
    return Language(gettext, ngettext, formats.percentage, formats.rate, formats.points)


def trial_error(code: str) -> str:
    """Why a photo was not answered by two versions."""
    if code.startswith("model_") or code == "weights_missing":
        return _("A file of one of the two versions is missing or damaged.")
    return photo_error(code)
