"""What may be asked of a training, and the job that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from django.utils.translation import gettext as _

from ml.architectures import ARCHITECTURES
from ml.architectures.network import Stage
from ml.training.recipe import Job

CROPS: Final = ("aligned", "as-is")
PRECISIONS: Final = ("auto", "float32", "bfloat16")
AUGMENTATIONS: Final = ("flip", "jitter", "light", "rotation")
SEEDS: Final = 2**32
"""As many as NumPy and TensorFlow take."""


class TrainingRefused(Exception):
    """The training is not begun; the message says why, and what to do."""


@dataclass(frozen=True)
class Options:
    """What a training was asked for; None and empty are as the architecture trains best.

    `data` are folders that hold a folder per person. `epochs` has one number, which is divided
    among the stages, or one for each. `groups` is a CSV file of group labels.
    """

    from_site: bool = False
    data: tuple[str, ...] = ()
    crops: str = "aligned"
    stages: int | None = None
    epochs: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()
    batch: int | None = None
    input_size: int | None = None
    scale: float | None = None
    margin: float | None = None
    augmentations: tuple[str, ...] | None = None
    hold_out: float = 0.2
    minimum: int = 5
    seed: int = 0
    precision: str = "auto"
    groups: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From a form, a command line or a row; what is None or unknown is left as it is."""
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known and value is not None
        }
        if isinstance(given.get("epochs"), int):
            given["epochs"] = (given["epochs"],)
        if "stage_count" in values:  # of a row, whose stages are what came of it
            given["stages"] = values["stage_count"]
        return cls(**given)

    def as_arguments(self) -> dict[str, Any]:
        """For the row of a run, which gets its `stages` once it begins."""
        values = {**asdict(self), "stage_count": self.stages}
        del values["stages"]
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


def check(architecture: str, options: Options) -> None:
    """Raise `TrainingRefused` for what cannot be trained, as far as it shows without the photos."""
    if architecture not in ARCHITECTURES:
        raise TrainingRefused(
            _("There is no architecture “%(name)s”; choose one of: %(names)s.")
            % {"name": architecture, "names": ", ".join(ARCHITECTURES)}
        )
    if options.from_site == bool(options.data):
        raise TrainingRefused(_("Choose what to train on: folders, or the site’s own faces."))
    _check_choice("crops", options.crops, CROPS)
    _check_choice("precision", options.precision, PRECISIONS)
    for name in options.augmentations or ():
        _check_choice("augment", name, AUGMENTATIONS)
    if options.groups and not Path(options.groups).is_file():
        raise TrainingRefused(
            _("There is no file %(path)s with groups.") % {"path": options.groups}
        )
    _check_numbers(options)
    stages(architecture, options, gpu=True)


def default_augmentations(architecture: str) -> tuple[str, ...]:
    """Those with which an architecture trains best; none for one that there is not."""
    found = ARCHITECTURES.get(architecture)
    return found.defaults.augmentations if found else ()


def _check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise TrainingRefused(
            _("--%(option)s has no “%(value)s”; choose one of: %(choices)s.")
            % {"option": option, "value": value, "choices": ", ".join(choices)}
        )


def _check_numbers(options: Options) -> None:
    positive = {
        "epochs": min(options.epochs, default=1),
        "learning-rates": min(options.learning_rates, default=1),
        "stages": options.stages,
        "batch": options.batch,
        "scale": options.scale,
    }
    for option, value in positive.items():
        if value is not None and value <= 0:
            raise TrainingRefused(_("--%(option)s takes more than 0.") % {"option": option})
    if not 0 <= options.hold_out < 1:
        raise TrainingRefused(_("--hold-out is a share of the people, from 0 to below 1."))
    if options.minimum < 3:
        raise TrainingRefused(
            _("--minimum is 3 or more: a photo to learn from, one to validate, one to test with.")
        )
    if options.input_size is not None and not 32 <= options.input_size <= 112:
        raise TrainingRefused(_("--input-size is from 32 to 112 pixels."))
    if not 0 <= options.seed < SEEDS:
        raise TrainingRefused(_("--seed is from 0 to %(most)d.") % {"most": SEEDS - 1})
    if options.margin is not None and not 0 <= options.margin < 1.5:
        raise TrainingRefused(_("--margin is an angle from 0 to below 1.5 radians."))


def stages(architecture: str, options: Options, *, gpu: bool) -> tuple[Stage, ...]:
    """The stages of a training. Raises `TrainingRefused` if the numbers do not fit together."""
    known = ARCHITECTURES[architecture].defaults.stages
    count = _stage_count(known, options, gpu=gpu)
    if count > len(known):
        raise TrainingRefused(
            _("%(architecture)s trains in %(known)d stages at most, not %(count)d.")
            % {"architecture": architecture, "known": len(known), "count": count}
        )
    planned = known[:count]
    epochs = _each("epochs", options.epochs, count, _divided(options.epochs, planned))
    rates = _each("learning-rates", options.learning_rates, count, options.learning_rates * count)
    return tuple(
        Stage(
            epochs[number] if epochs else stage.epochs,
            rates[number] if rates else stage.learning_rate,
            stage.opened,
        )
        for number, stage in enumerate(planned)
    )


def _stage_count(known: Sequence[Stage], options: Options, *, gpu: bool) -> int:
    """Without a graphics processor only the head of a network that knows faces is trained: minutes
    in the place of hours."""
    if options.stages is not None:
        return options.stages
    listed = max(len(options.epochs), len(options.learning_rates))
    if listed > 1:
        return listed
    return len(known) if gpu or known[0].opened != "head" else 1


def _divided(epochs: Sequence[int], planned: Sequence[Stage]) -> tuple[int, ...]:
    """A number of epochs in all, among stages as by default; no stage has none."""
    total, shares = sum(epochs), [stage.epochs for stage in planned]
    if len(epochs) == 1 and total < len(planned):
        raise TrainingRefused(
            _(
                "--epochs is too small for %(count)d stages: give one epoch for each of them or "
                "more, or fewer --stages."
            )
            % {"count": len(planned)}
        )
    ends = [round(total * sum(shares[: n + 1]) / sum(shares)) for n in range(len(shares))]
    for number in range(len(ends)):
        ends[number] = max(ends[number], (ends[number - 1] if number else 0) + 1)
        ends[number] = min(ends[number], total - (len(ends) - 1 - number))
    return tuple(end - start for start, end in zip([0, *ends], ends, strict=False))


def _each(
    option: str, given: Sequence[Any], count: int, spread: tuple[Any, ...]
) -> tuple[Any, ...]:
    """A value for each stage; one value is `spread` over all of them."""
    if len(given) not in {0, 1, count}:
        raise TrainingRefused(
            _("--%(option)s does not fit %(count)d stages.") % {"option": option, "count": count}
        )
    return tuple(given) if len(given) == count else spread if given else ()


def job(name: str, architecture: str, options: Options, *, gpu: bool, bfloat16: bool) -> Job:
    """What `ml.training` is to do."""
    best = ARCHITECTURES[architecture].defaults
    chosen = options.augmentations
    planned = Job(
        name=name,
        architecture=architecture,
        stages=stages(architecture, options, gpu=gpu),
        seed=options.seed,
        batch=options.batch or best.batch,
        scale=options.scale or best.scale,
        margin=best.margin if options.margin is None else options.margin,
        augmentations=best.augmentations if chosen is None else chosen,
        mixed_precision=bfloat16,
    )
    return replace(planned, input_size=options.input_size) if options.input_size else planned
