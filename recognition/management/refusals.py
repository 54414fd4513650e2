"""What commands say of trainings that services refuse, with the option at fault."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy

from recognition.messages.training import training_refused
from recognition.services.training.options import TrainingRefused

_OPTIONS: Final = {"augmentations": "augment"}
_REFUSED: Final = {
    "too_few_epochs": gettext_lazy(
        "--epochs is too small for %(count)d stages: give one epoch for each of them "
        "or more, or fewer --stages."
    ),
    "not_for_each_stage": gettext_lazy("--%(option)s does not fit %(count)d stages."),
    "not_positive": gettext_lazy("--%(option)s takes more than 0."),
    "unknown_choice": gettext_lazy("--%(option)s has no “%(value)s”; choose one of: %(choices)s."),
    "bad_hold_out": gettext_lazy("--hold-out is a share of the people, from 0 to below 1."),
    "bad_minimum": gettext_lazy(
        "--minimum is 3 or more: a photo to learn from, one to validate, one to test with."
    ),
    "bad_input_size": gettext_lazy("--input-size is from 32 to 112 pixels."),
    "bad_seed": gettext_lazy("--seed is from 0 to %(most)d."),
    "bad_margin": gettext_lazy("--margin is an angle from 0 to below 1.5 radians."),
    "always_open": gettext_lazy(
        "--open-set goes with --answers-by classes: by gallery, nobody is named below a "
        "threshold anyway."
    ),
    "overtaken": gettext_lazy("%(run)s is trained by another process, or was ended."),
}


def in_words(refused: TrainingRefused) -> str:
    """Why a training is not begun."""
    if refused.code not in _REFUSED:
        return training_refused(refused.code, refused.params)
    option = str(refused.params.get("option", ""))
    option = _OPTIONS.get(option, option).replace("_", "-")
    return str(_REFUSED[refused.code]) % {**refused.params, "option": option}
