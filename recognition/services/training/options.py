"""What may be asked of a training, and the recipe that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from ml.architectures import ARCHITECTURES
from ml.architectures.recipe import AUGMENTATIONS, PRECISIONS, Recipe, Stage
from ml.types import ANSWERS_BY, CROP_SIZE
from recognition.services.refusals import Refused

CROPS: Final = ("aligned", "as-is")
SEEDS: Final = 2**32
"""As many as NumPy and TensorFlow take."""
GIVEN: Final = (
    *("stages", "epochs", "learning_rates", "batch", "input_size", "scale", "margin"),
    *("augmentations", "seed", "precision", "answers_by", "open_set"),
)
"""What may be given in the place of an architecture's own recipe. `stages` is how many of them,
`epochs` one number for all or one for each, `learning_rates` likewise."""


class TrainingRefused(Refused):
    """The training is not begun; `recognition.messages.training` has the sentence."""


@dataclass(frozen=True)
class DataOptions:
    """What a training learns from: folders that hold a folder per person, or the site's own faces.

    `groups` is a CSV file of group labels, or empty. `hold_out` is a share of the people, `minimum`
    the photos that one needs.
    """

    from_site: bool = False
    data: tuple[str, ...] = ()
    crops: str = "aligned"
    hold_out: float = 0.2
    minimum: int = 5
    groups: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Those among the values of a form, a command line or a row."""
        names = [field.name for field in fields(cls)]
        return cls(**_present(values, names))


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for in the place of an architecture's own recipe."""
    found = _present(values, GIVEN)
    if isinstance(found.get("epochs"), int):
        found["epochs"] = (found["epochs"],)
    return found


def _present(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name in names
        if (value := values.get(name)) is not None
    }


def check(architecture: str, chosen: DataOptions, asked: Mapping[str, Any]) -> None:
    """Raise `TrainingRefused` for what cannot be trained, as far as it shows without the photos."""
    if architecture not in ARCHITECTURES:
        names = ", ".join(ARCHITECTURES)
        raise TrainingRefused("unknown_architecture", name=architecture, names=names)
    if chosen.from_site == bool(chosen.data):
        raise TrainingRefused("no_source")
    _check_choice("crops", chosen.crops, CROPS)
    _check_choice("precision", asked.get("precision", "auto"), PRECISIONS)
    _check_choice("answers_by", asked.get("answers_by", "gallery"), ANSWERS_BY)
    for name in asked.get("augmentations", ()):
        _check_choice("augmentations", name, AUGMENTATIONS)
    if chosen.groups and not Path(chosen.groups).is_file():
        raise TrainingRefused("no_groups", path=chosen.groups)
    _check_numbers(chosen, asked)
    planned = recipe(architecture, asked, gpu=True)
    if planned.open_set and planned.answers_by == "gallery":
        raise TrainingRefused("always_open")


def _check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        params = {"value": value, "choices": ", ".join(choices)}
        raise TrainingRefused("unknown_choice", option=option, **params)


def _check_numbers(chosen: DataOptions, asked: Mapping[str, Any]) -> None:
    for option in ("epochs", "learning_rates", "stages", "batch", "scale"):
        value = asked.get(option, 1)
        if (min(value, default=1) if isinstance(value, tuple) else value) <= 0:
            raise TrainingRefused("not_positive", option=option)
    if not 0 <= chosen.hold_out < 1:
        raise TrainingRefused("bad_hold_out")
    if chosen.minimum < 3:
        raise TrainingRefused("bad_minimum")
    if not 32 <= asked.get("input_size", CROP_SIZE) <= CROP_SIZE:
        raise TrainingRefused("bad_input_size")
    if not 0 <= asked.get("seed", 0) < SEEDS:
        raise TrainingRefused("bad_seed", most=SEEDS - 1)
    if not 0 <= asked.get("margin", 0) < 1.5:
        raise TrainingRefused("bad_margin")


def recipe(architecture: str, asked: Mapping[str, Any], *, gpu: bool) -> Recipe:
    """The architecture's own recipe with what was asked in its place.

    Raises `TrainingRefused` if the numbers do not fit together.
    """
    best = ARCHITECTURES[architecture].recipe
    stages = {"stages", "epochs", "learning_rates"}
    plain = {name: value for name, value in asked.items() if name not in stages}
    return replace(best, **plain, stages=_stages(architecture, asked, gpu=gpu))


def _stages(architecture: str, asked: Mapping[str, Any], *, gpu: bool) -> tuple[Stage, ...]:
    known = ARCHITECTURES[architecture].recipe.stages
    given_epochs, given_rates = asked.get("epochs", ()), asked.get("learning_rates", ())
    count = _stage_count(architecture, asked, gpu=gpu)
    if count > len(known):
        params = {"architecture": architecture, "known": len(known)}
        raise TrainingRefused("too_many_stages", count=count, **params)
    planned = known[:count]
    epochs = _each("epochs", given_epochs, count, _divided(given_epochs, planned))
    rates = _each("learning_rates", given_rates, count, given_rates * count)
    return tuple(
        Stage(
            epochs[number] if epochs else stage.epochs,
            rates[number] if rates else stage.learning_rate,
            stage.trainable,
        )
        for number, stage in enumerate(planned)
    )


def _stage_count(architecture: str, asked: Mapping[str, Any], *, gpu: bool) -> int:
    """As many as were asked for. By default, without a graphics processor, only the head of a
    network that knows faces is trained: a minute, where all its stages take several. With one, as
    many of its stages as there are epochs for, since who asks cannot know where it will run."""
    if "stages" in asked:
        return int(asked["stages"])
    epochs = asked.get("epochs", ())
    listed = max(len(epochs), len(asked.get("learning_rates", ())))
    if listed > 1:
        return listed
    known = ARCHITECTURES[architecture]
    every = len(known.recipe.stages)
    if not known.has_frozen_features:
        return every
    return min([every, *epochs]) if gpu else 1


def _divided(epochs: Sequence[int], planned: Sequence[Stage]) -> tuple[int, ...]:
    """Divides a number of epochs among the stages as by default; each has at least one."""
    total, shares = sum(epochs), [stage.epochs for stage in planned]
    if len(epochs) == 1 and total < len(planned):
        raise TrainingRefused("too_few_epochs", count=len(planned))
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
        raise TrainingRefused("not_for_each_stage", option=option, count=count)
    return tuple(given) if len(given) == count else spread if given else ()
