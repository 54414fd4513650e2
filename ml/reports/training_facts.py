"""The report on a training: what it cost, and what the version is made from."""

from __future__ import annotations

from collections.abc import Iterator

from ml.architectures.recipe import Recipe
from ml.evaluation.closed_set import PARTS
from ml.language import gettext_noop, number, percent, tell, tell_number
from ml.reports.outcome import Outcome
from ml.reports.page import Section, Tile
from ml.reports.unseen import people

PRECISIONS = {
    "mixed_float16": gettext_noop("float16 with a scaled loss, weights in float32"),
    "mixed_bfloat16": gettext_noop("bfloat16, weights in float32"),
    "float32": gettext_noop("float32"),
}
_PARTS = {
    "train": gettext_noop("training"),
    "validation": gettext_noop("validation"),
    "test": gettext_noop("test"),
}


def data(outcome: Outcome) -> str:
    """What it was trained on: folders by their names, or the site."""
    return ", ".join(outcome.origin.data) or tell("the site’s own faces")


def cost(outcome: Outcome) -> Section:
    """What it took, and what it takes."""
    found = outcome.cost
    measured = {
        tell("Training"): (_duration(found.seconds), tell("all epochs")),
        tell("Photos per second"): (number(found.photos_per_second), tell("in training")),
        tell("Waiting for photos"): (percent(found.waiting), tell("of the time of training")),
        tell("Serving"): (
            tell("%(time)s ms", time=number(found.milliseconds, 1)),
            tell("one face, from its crop to its embedding"),
        ),
        tell("On disk"): (_megabytes(found.bytes / 1e6, 1), tell("all files of the version")),
        tell("In memory"): (_megabytes(found.resident_mb, 0), tell("a process that serves it")),
    }
    tiles = [Tile(name, value, note) for name, (value, note) in measured.items()]
    return Section(tell("Cost"), tell("Measured on the machine that trained it."), tiles=tiles)


def _megabytes(size: float, digits: int) -> str:
    return tell("%(size)s MB", size=number(size, digits))


def plain(value: float) -> str:
    """A small number with as many digits as it has."""
    return number(value, len(f"{value:.10f}".rstrip("0").partition(".")[2]))


def facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What it is made from, by name."""
    dataset, split, origin = outcome.dataset, outcome.split, outcome.origin
    yield (
        tell("Data"),
        tell(
            "%(data)s, fingerprint %(fingerprint)s",
            data=data(outcome),
            fingerprint=dataset.fingerprint[:16],
        ),
    )
    parts = [f"{tell(_PARTS[part])}: {number(len(getattr(split, part)))}" for part in PARTS]
    held_out = tell(
        "held out: %(photos)s (people: %(people)s)",
        photos=number(len(split.held_out_photos)),
        people=number(len(split.held_out)),
    )
    yield tell("Photos"), ", ".join([*parts, held_out])
    if dataset.left_out:
        few = tell("with fewer than %(minimum)s photos", minimum=dataset.minimum)
        yield tell("Left out"), f"{people(len(dataset.left_out))} {few}"
    if dataset.skipped:
        yield tell("Unusable files"), number(len(dataset.skipped))
    yield tell("Began with"), origin.parent or tell("random weights")
    yield from _options(outcome.recipe)
    yield tell("Precision"), tell(PRECISIONS[outcome.precision])
    yield tell("Seed"), f"{outcome.recipe.seed}"
    yield tell("Calibration"), _source(outcome)
    yield tell("Compared with"), outcome.compared_with or tell("nothing")
    yield tell("Libraries"), ", ".join(f"{name} {is_}" for name, is_ in outcome.libraries.items())
    yield tell("Date"), outcome.date
    yield tell("Command"), origin.command


def _options(recipe: Recipe) -> Iterator[tuple[str, str]]:
    stages = (
        tell_number(
            "%(count)s epoch at %(learning_rate)s",
            "%(count)s epochs at %(learning_rate)s",
            stage.epochs,
            learning_rate=plain(stage.learning_rate),
        )
        for stage in recipe.stages
    )
    yield tell("Stages"), "; ".join(stages)
    size = {"side": recipe.input_size, "batch": recipe.batch}
    yield tell("Input"), tell("%(side)s × %(side)s px, batches of %(batch)s", **size)
    yield tell("Augmentation"), ", ".join(recipe.augmentations) or tell("none")


def _source(outcome: Outcome) -> str:
    source = outcome.calibration.source
    fitted_to = number(source["people"]) if "people" in source else tell("its own")
    if "carried_over" in source:
        return tell(
            "carried over from %(version)s, people: %(people)s",
            version=outcome.compared_with,
            people=fitted_to,
        )
    return tell("fitted here, people: %(people)s", people=fitted_to)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return tell("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    if minutes:
        return tell("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return tell("%(seconds)s s", seconds=number(seconds, 1))
