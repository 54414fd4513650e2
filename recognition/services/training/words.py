"""What a training has to say in a terminal and in the log: English, as the log keeps it."""

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
from recognition.models import TrainingRun
from recognition.services.refusals import Refused
from recognition.services.training.options import DataOptions, given

NAMED = 5
"""People or files of a list that are named; the others are only counted."""


def material(dataset: Dataset, split: Split) -> Iterator[str]:
    """Whom and what a training learns from, and what it is measured on."""
    yield (
        f"{len(split.labels):,} people to learn: {len(split.train):,} photos to train with, "
        f"{len(split.validation):,} to validate, {len(split.test):,} to test."
    )
    if split.held_out:
        yield (
            f"{len(split.held_out):,} people held out, whom it will never see: "
            f"{len(split.held_out_photos):,} photos."
        )
    else:
        yield "Nobody is held out: there is no telling how it does on people it has never seen."
    if dataset.left_out:
        few = [f"{label} ({photos})" for label, photos in dataset.left_out]
        yield f"Left out, with fewer than {dataset.minimum} photos: {_some(few)}."
    if dataset.skipped:
        files = [f"{one.path} ({one.reason})" for one in dataset.skipped]
        yield f"Skipped: {_some(files)}."


def _some(items: list[str]) -> str:
    shown = ", ".join(items[:NAMED])
    return shown if len(items) <= NAMED else f"{shown} and {len(items) - NAMED:,} more"


def plan(recipe: Recipe) -> Iterator[str]:
    """The stages of a training."""
    for number, stage in enumerate(recipe.stages, start=1):
        yield (
            f"Stage {number}: {stage.epochs} epochs of {TRAINABLE[stage.trainable]} at a learning "
            f"rate of {stage.learning_rate:g}."
        )
    side, changes = recipe.input_size, ", ".join(recipe.augmentations) or "none"
    yield f"Batches of {recipe.batch}, input {side}×{side}, augmentation: {changes}."
    if recipe.answers_by == "classes":
        below = "nobody below a threshold" if recipe.open_set else "one of them always"
        yield f"It is going to answer by its own classes, the people trained on: {below}."


def precision(asked: str, used: str) -> str:
    """The precision of a training, and the reason for it."""
    if asked != "auto":
        return f"Computed in {asked}, as asked."
    if used == "bfloat16":
        return "Computed in mixed bfloat16, which this processor multiplies faster than float32."
    return "Computed in float32: this processor does not multiply bfloat16."


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
        return "The disk is full. Make room, and let the training go on."
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."


def not_promoted(refusal: Refused) -> str:
    """Why a new version does not go into service by itself."""
    if refusal.code == "place_taken":
        return (
            "{active} has gone into service in the meantime, and {version} was compared with "
            "{against}: it stays a candidate."
        ).format(**refusal.params)
    return f"It could not go into service ({_particulars(refusal)})."


def not_trained(refusal: Refused) -> str:
    """Why a run that waits for its turn cannot be trained any more."""
    return f"It cannot be trained ({_particulars(refusal)})."


def _particulars(refusal: Refused) -> str:
    about = ", ".join(f"{name} {value}" for name, value in refusal.params.items())
    return ": ".join(filter(None, [refusal.code.replace("_", " "), about]))
