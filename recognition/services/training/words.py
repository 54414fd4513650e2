"""What a training has to say, in a terminal and in its row: in the language of the moment, which is
that of the site where a command trains."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.architectures.recipe import TRAINABLE, Recipe
from ml.data.dataset import Dataset
from ml.data.splits import Split
from ml.errors import DISK_FULL
from ml.language import number, tell
from recognition.models import TrainingRun
from recognition.services.refusals import Refused
from recognition.services.training.options import DataOptions, given

NAMED = 5
"""People or files of a list that are named; the others are only counted."""


def material(dataset: Dataset, split: Split) -> Iterator[str]:
    """Whom and what a training learns from, and what it is measured on."""
    yield tell(
        "%(people)s people to learn: %(train)s photos to train with, %(validation)s to validate, "
        "%(test)s to test.",
        people=number(len(split.labels)),
        train=number(len(split.train)),
        validation=number(len(split.validation)),
        test=number(len(split.test)),
    )
    if split.held_out:
        yield tell(
            "%(people)s people held out, whom it will never see: %(photos)s photos.",
            people=number(len(split.held_out)),
            photos=number(len(split.held_out_photos)),
        )
    else:
        yield tell(
            "Nobody is held out: there is no telling how it does on people it has never seen."
        )
    if dataset.left_out:
        few = [f"{label} ({photos})" for label, photos in dataset.left_out]
        yield tell(
            "Left out, with fewer than %(minimum)d photos: %(few)s.",
            minimum=dataset.minimum,
            few=_some(few),
        )
    if dataset.skipped:
        files = [f"{one.path} ({one.reason})" for one in dataset.skipped]
        yield tell("Skipped: %(files)s.", files=_some(files))


def _some(items: list[str]) -> str:
    shown = ", ".join(items[:NAMED])
    if len(items) <= NAMED:
        return shown
    return f"{shown} {tell('and %(more)s more', more=number(len(items) - NAMED))}"


def plan(recipe: Recipe) -> Iterator[str]:
    """The stages of a training."""
    for at, stage in enumerate(recipe.stages, start=1):
        yield tell(
            "Stage %(stage)d, epochs: %(epochs)d, learning rate: %(rate)s; trained: %(trained)s.",
            stage=at,
            epochs=stage.epochs,
            rate=f"{stage.learning_rate:g}",
            trained=tell(TRAINABLE[stage.trainable]),
        )
    yield tell(
        "Batches of %(batch)d, input %(side)d×%(side)d, augmentation: %(changes)s.",
        batch=recipe.batch,
        side=recipe.input_size,
        changes=", ".join(recipe.augmentations) or "–",
    )
    if recipe.answers_by == "classes":
        yield _by_classes(open_set=recipe.open_set)


def _by_classes(*, open_set: bool) -> str:
    if open_set:
        return tell(
            "It will answer by its own classes, the people trained on, and name nobody below a "
            "threshold."
        )
    return tell("It will answer by its own classes, the people trained on: always one of them.")


def precision(asked: str, used: str) -> str:
    """The precision of a training, and the reason for it."""
    if asked != "auto":
        return tell("Computed in %(precision)s, as asked.", precision=asked)
    if used == "float16":
        return tell(
            "Computed in mixed float16 on a graphics processor, with the loss scaled up so that "
            "small gradients are not lost."
        )
    if used == "bfloat16":
        return tell(
            "Computed in mixed bfloat16, which this processor multiplies faster than float32."
        )
    return tell("Computed in float32: this processor does not multiply bfloat16.")


def command(run: TrainingRun) -> str:
    """The command that does the same again; folders by their last name, which is no secret."""
    chosen, usual = DataOptions.of(run.arguments), asdict(DataOptions())
    words = ["python", "manage.py", "retrain", "--architecture", run.architecture]
    words += ["--from-site"] if chosen.from_site else []
    words += [word for root in chosen.data for word in ("--data", Path(root).name)]
    for name in ("crops", "hold_out", "minimum"):
        if (value := getattr(chosen, name)) != usual[name]:
            words += [_option(name), str(value)]
    words += ["--groups", Path(chosen.groups).name] if chosen.groups else []
    for name, value in given(run.arguments).items():
        words += [_option(name)] if value is True else [_option(name), _typed(value)]
    return shlex.join(words)


def _option(name: str) -> str:
    option = "augment" if name == "augmentations" else name
    return f"--{option.replace('_', '-')}"


def _typed(value: Any) -> str:
    """An empty list is one as well: that of no augmentations."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return str(value)


def refused_by_the_system(error: OSError) -> str:
    """One sentence for an `OSError`."""
    if error.errno in DISK_FULL:
        return tell("The disk is full. Make room, and let the training go on.")
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."


def not_promoted(refusal: Refused) -> str:
    """Why a new version does not go into service by itself."""
    if refusal.code == "place_taken":
        return tell(
            "%(active)s has gone into service in the meantime, and %(version)s was compared with "
            "%(against)s: it stays a candidate.",
            **refusal.params,
        )
    return tell("It could not go into service (%(why)s).", why=_particulars(refusal))


def not_trained(refusal: Refused) -> str:
    """Why a run that waits for its turn cannot be trained any more."""
    return tell("It cannot be trained (%(why)s).", why=_particulars(refusal))


def _particulars(refusal: Refused) -> str:
    about = ", ".join(f"{name} {value}" for name, value in refusal.params.items())
    return ": ".join(filter(None, [refusal.code.replace("_", " "), about]))
