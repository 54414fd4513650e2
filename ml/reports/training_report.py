"""The report on a training, part by part, in words and charts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from ml.architectures.recipe import TRAINABLE, Recipe
from ml.evaluation import verdicts
from ml.evaluation.closed_set import PARTS, ClosedSet
from ml.language import percent, points, rate
from ml.reports import classes_report, files, unseen
from ml.reports.outcome import Outcome
from ml.reports.page import Line, Page, Section, Table, Tile
from ml.reports.protocol_reports import PART_NAMES, mistakes
from ml.reports.training_charts import learning_charts
from ml.reports.unseen import people, span, value

_BY = {
    "classes": "by its own classes",
    "gallery": "by a gallery of their training photos",
}
PRECISIONS = {"mixed_bfloat16": "bfloat16, weights in float32", "float32": "float32"}


def page(outcome: Outcome) -> Page:
    """The whole report."""
    parts = [
        _gate(outcome),
        _training(outcome),
        _closed_set(outcome),
        classes_report.section(outcome.own_classes, outcome.recipe)
        if outcome.own_classes
        else None,
        unseen.held_out(outcome),
        unseen.calibration(outcome),
        unseen.groups(outcome.groups) if outcome.groups else None,
        _cost(outcome),
        Section("What it is made from"),
    ]
    return Page(
        title=f"Model version {outcome.origin.name}",
        lead=_lead(outcome),
        sections=[part for part in parts if part],
        facts=dict(_facts(outcome)),
        tiles=list(_tiles(outcome)),
    )


def _lead(outcome: Outcome) -> str:
    split = outcome.split
    return (
        f"The network “{outcome.recipe.architecture}”, trained on {len(split.train):,} photos of "
        f"{len(split.labels):,} people of {outcome.data}; measured on other photos of theirs, and "
        f"on {people(len(split.held_out))} whom it has never seen."
    )


def _tiles(outcome: Outcome) -> Iterator[Tile]:
    if outcome.closed_set:
        classes = f"which of {len(outcome.closed_set.labels):,} people"
        yield Tile("Test accuracy", percent(outcome.closed_set.accuracy("test")), classes)
    if outcome.held_out:
        seen = outcome.held_out
        yield Tile("Rank-1", value(seen.rank1), span(seen.rank1))
        yield Tile(f"DIR at FPIR {rate(0.01)}", value(seen.dir[0.01]), span(seen.dir[0.01]))
        yield Tile(f"TAR at FAR {rate(0.001)}", value(seen.tar[0.001]), span(seen.tar[0.001]))


def _gate(outcome: Outcome) -> Section | None:
    verdict = outcome.verdict
    if not verdict:
        return None
    compared = [reason for reason in verdict.reasons if reason.finding]
    columns = ["", "This version", outcome.compared_with or "", "Difference", "At least, at most"]
    text = (
        "Both were asked about the same photos in the same galleries. Better is what lies above 0 "
        "at the least, as good what lies above −1, worse what lies below 0 at the most; the rest "
        "cannot be told. Differences are in percentage points."
    )
    return Section(
        title=verdicts.TITLES[verdict.outcome],
        text=text if compared else "",
        tables=[[Table(columns, [_comparison(reason) for reason in compared])]] if compared else [],
        notes=[verdicts.sentence(reason) for reason in verdict.reasons if reason not in compared],
    )


def _comparison(reason: verdicts.Reason) -> Line:
    params = reason.params
    cells = [
        percent(params["candidate"]),
        percent(params["active"]),
        points(params["difference"]),
        f"{points(params['low'])} to {points(params['high'])}",
    ]
    return Line(verdicts.measured_by(reason), cells, reason.finding.replace("_", " "))


def _training(outcome: Outcome) -> Section:
    history = outcome.history
    stages = [list(epochs) for _, epochs in groupby(history, attrgetter("stage"))]
    lines = [
        Line(
            f"Stage {epochs[0].stage}",
            [
                percent(max(epoch.validation_accuracy for epoch in epochs)),
                f"{len(epochs)}",
                f"{epochs[0].learning_rate:g}",
                f"{np.mean([epoch.photos_per_second for epoch in epochs]):,.0f}",
            ],
            TRAINABLE[outcome.recipe.stages[epochs[0].stage - 1].trainable],
        )
        for epochs in stages
    ]
    columns = ["", "Best validation accuracy", "Epochs", "Learning rate", "Photos/s"]
    return Section(
        title="Training",
        text="Each stage begins with the best weights of the one before. Training photos are "
        "counted while the network still learns from them, and augmented; validation photos after "
        "each epoch, as they are.",
        tables=[[Table(columns, lines)]],
        rows=[learning_charts(history)] if history else [],
    )


def _closed_set(outcome: Outcome) -> Section | None:
    closed_set = outcome.closed_set
    if closed_set is None:
        return None
    counts = {part: f"{len(getattr(outcome.split, part)):,}" for part in PARTS}
    lines = [
        Line(PART_NAMES[part], [percent(closed_set.accuracy(part)), counts[part]]) for part in PARTS
    ]
    five = "the right one is among the five likeliest"
    lines.append(Line("Test photos, top-5", [percent(closed_set.top5()), counts["test"]], five))
    tables = [[Table(["Photos of people it knows", "Right", "Photos"], lines), _people(closed_set)]]
    wrong = mistakes(closed_set)
    return Section(
        title="Closed set: people it has learned",
        text=f"Every photo is of one of the {len(closed_set.labels):,} people it was trained on, "
        f"and it says who, {_BY[outcome.recipe.answers_by]}. This is what the paper measures. "
        "Nobody can be a stranger here.",
        tables=[*tables, wrong] if wrong else tables,
        notes=[] if wrong else ["No test photo was taken for somebody else."],
    )


def _people(closed_set: ClosedSet) -> Table:
    """Whether a mean hides people who are hardly ever recognised."""
    shares = np.array([one.accuracy for one in closed_set.per_class()])
    counts = {
        "All": (shares == 1).sum(),
        "Half or more": ((shares >= 0.5) & (shares < 1)).sum(),
        "Less than half": ((shares > 0) & (shares < 0.5)).sum(),
        "None": (shares == 0).sum(),
    }
    lines = [Line(name, [f"{count:,}"]) for name, count in counts.items()]
    return Table(["Test photos of a person that are right", "People"], lines)


def _cost(outcome: Outcome) -> Section:
    cost = outcome.cost
    measured = {
        "Training": (_duration(cost.seconds), "all epochs"),
        "Photos per second": (f"{cost.photos_per_second:,.0f}", "in training"),
        "Waiting for photos": (percent(cost.waiting), "of the time of training"),
        "Serving": (f"{cost.milliseconds:.1f} ms", "one face, from its crop to its embedding"),
        "On disk": (f"{cost.bytes / 1e6:,.1f} MB", "all files of the version"),
        "In memory": (f"{cost.resident_mb:,.0f} MB", "a process that serves it"),
    }
    tiles = [Tile(name, value, note) for name, (value, note) in measured.items()]
    return Section("Cost", "Measured on the machine that trained it.", tiles=tiles)


def _facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    dataset, split, origin = outcome.dataset, outcome.split, outcome.origin
    yield "Data", f"{outcome.data}, fingerprint {dataset.fingerprint[:16]}"
    parts = ", ".join(f"{len(getattr(split, part)):,} {part}" for part in PARTS)
    held_out = f"{len(split.held_out_photos):,} of {people(len(split.held_out))} held out"
    yield "Photos", f"{parts}; {held_out}"
    if dataset.left_out:
        few = f"{people(len(dataset.left_out))} with fewer than {dataset.minimum} photos"
        yield "Left out", few
    if dataset.skipped:
        yield "Unusable", f"{len(dataset.skipped):,} files"
    yield "Began with", origin.parent or "random weights"
    yield from _options(outcome.recipe)
    yield "Precision", PRECISIONS[outcome.precision]
    yield "Seed", f"{outcome.recipe.seed}"
    yield "Calibration", _source(outcome)
    yield "Compared with", outcome.compared_with or "nothing"
    yield "Libraries", ", ".join(f"{name} {number}" for name, number in outcome.libraries.items())
    yield "Date", outcome.date
    yield "Command", origin.command


def _options(recipe: Recipe) -> Iterator[tuple[str, str]]:
    stages = (f"{stage.epochs} epochs at {stage.learning_rate:g}" for stage in recipe.stages)
    yield "Stages", ", then ".join(stages)
    yield "Input", f"{recipe.input_size} × {recipe.input_size} px, batches of {recipe.batch}"
    yield "Augmentation", ", ".join(recipe.augmentations) or "none"


def _source(outcome: Outcome) -> str:
    source = outcome.calibration.source
    number = people(source["people"]) if "people" in source else "people of its own"
    if "carried_over" in source:
        return f"carried over from {outcome.compared_with} on {number}"
    return f"fitted to {number}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def write(directory: Path, outcome: Outcome) -> dict[str, Any]:
    """Write `report.html` and `metrics.json` into `directory`; returns what is in the latter.

    Raises:
        OSError: the folder cannot be written to.
    """
    metrics = outcome.metrics()
    files.write(directory, page(outcome), metrics)
    return metrics
