"""The report on a training, part by part, in words and charts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from ml.architectures.recipe import TRAINABLE
from ml.evaluation import verdicts
from ml.evaluation.closed_set import PARTS, ClosedSet
from ml.language import (
    ENGLISH,
    gettext_noop,
    number,
    percent,
    points,
    rate,
    speaking,
    spoken,
    tell,
)
from ml.reports import classes_report, files, training_facts, unseen
from ml.reports.outcome import Outcome
from ml.reports.page import Line, Page, Section, Table, Tile
from ml.reports.protocol_reports import PART_NAMES, mistakes
from ml.reports.training_charts import learning_charts
from ml.reports.unseen import span, value

_CLOSED = {
    "classes": gettext_noop(
        "Every photo is of one of the people it was trained on (%(people)s), and it says who, by "
        "its own classes. This is what the paper measures. Nobody can be a stranger here."
    ),
    "gallery": gettext_noop(
        "Every photo is of one of the people it was trained on (%(people)s), and it says who, by a "
        "gallery of their training photos. This is what the paper measures. Nobody can be a "
        "stranger here."
    ),
}
_FINDINGS = {
    "better": gettext_noop("better"),
    "as_good": gettext_noop("as good"),
    "worse": gettext_noop("worse"),
    "unclear": gettext_noop("unclear"),
    "not_worse": gettext_noop("not worse"),
}


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
        training_facts.cost(outcome),
        Section(tell("What it is made from")),
    ]
    return Page(
        title=tell("Model version %(version)s", version=outcome.origin.name),
        lead=_lead(outcome),
        sections=[part for part in parts if part],
        facts=dict(training_facts.facts(outcome)),
        tiles=list(_tiles(outcome)),
    )


def _lead(outcome: Outcome) -> str:
    split = outcome.split
    return tell(
        "The network “%(architecture)s”. Trained on: %(data)s; photos: %(photos)s, people: "
        "%(people)s. Measured on other photos of theirs, and on people it has never seen: "
        "%(held_out)s.",
        architecture=outcome.recipe.architecture,
        data=training_facts.data(outcome),
        photos=number(len(split.train)),
        people=number(len(split.labels)),
        held_out=number(len(split.held_out)),
    )


def _tiles(outcome: Outcome) -> Iterator[Tile]:
    if outcome.closed_set:
        among = number(len(outcome.closed_set.labels))
        classes = tell("people to choose among: %(people)s", people=among)
        yield Tile(tell("Test accuracy"), percent(outcome.closed_set.accuracy("test")), classes)
    if outcome.held_out:
        seen = outcome.held_out
        yield Tile(tell("Rank-1"), value(seen.rank1), span(seen.rank1))
        found, name = seen.dir[0.01], tell("DIR at FPIR %(rate)s", rate=rate(0.01))
        yield Tile(name, value(found), span(found))
        found, name = seen.tar[0.001], tell("TAR at FAR %(rate)s", rate=rate(0.001))
        yield Tile(name, value(found), span(found))


def _gate(outcome: Outcome) -> Section | None:
    verdict = outcome.verdict
    if not verdict:
        return None
    compared = [reason for reason in verdict.reasons if reason.finding]
    other = outcome.compared_with or ""
    columns = ["", tell("This version"), other, tell("Difference"), tell("At least, at most")]
    text = tell(
        "Both were given the same photos and the same galleries. It is better where the lower end "
        "is above 0, as good where it is above −1, worse where the upper end is below 0; "
        "otherwise there is no telling. Differences are in percentage points."
    )
    return Section(
        title=tell(verdicts.TITLES[verdict.outcome]),
        text=text if compared else "",
        tables=[[Table(columns, [_comparison(reason) for reason in compared])]] if compared else [],
        notes=[
            verdicts.sentence(reason, spoken())
            for reason in verdict.reasons
            if reason not in compared
        ],
    )


def _comparison(reason: verdicts.Reason) -> Line:
    params = reason.params
    cells = [
        percent(params["candidate"]),
        percent(params["active"]),
        points(params["difference"]),
        tell("%(low)s to %(high)s", low=points(params["low"]), high=points(params["high"])),
    ]
    found = tell(_FINDINGS.get(reason.finding, reason.finding))
    return Line(verdicts.measured_by(reason, spoken()), cells, found)


def _training(outcome: Outcome) -> Section:
    history = outcome.history
    stages = [list(epochs) for _, epochs in groupby(history, attrgetter("stage"))]
    lines = [
        Line(
            tell("Stage %(stage)s", stage=epochs[0].stage),
            [
                percent(max(epoch.validation_accuracy for epoch in epochs)),
                f"{len(epochs)}",
                training_facts.plain(epochs[0].learning_rate),
                number(float(np.mean([epoch.photos_per_second for epoch in epochs]))),
            ],
            tell(TRAINABLE[outcome.recipe.stages[epochs[0].stage - 1].trainable]),
        )
        for epochs in stages
    ]
    columns = [
        "",
        tell("Best validation accuracy"),
        tell("Epochs"),
        tell("Learning rate"),
        tell("Photos/s"),
    ]
    return Section(
        title=tell("Training"),
        text=tell(
            "Each stage begins with the best weights of the one before. Training photos are "
            "counted while the network still learns from them, and augmented; validation photos "
            "after each epoch, as they are."
        ),
        tables=[[Table(columns, lines)]],
        rows=[learning_charts(history)] if history else [],
    )


def _closed_set(outcome: Outcome) -> Section | None:
    closed_set = outcome.closed_set
    if closed_set is None:
        return None
    counts = {part: number(len(getattr(outcome.split, part))) for part in PARTS}
    lines = [
        Line(tell(PART_NAMES[part]), [percent(closed_set.accuracy(part)), counts[part]])
        for part in PARTS
    ]
    five = tell("the right one is among the five likeliest")
    in_five = [percent(closed_set.top5()), counts["test"]]
    lines.append(Line(tell("Test photos, top-5"), in_five, five))
    columns = [tell("Photos of people it knows"), tell("Right"), tell("Photos")]
    tables = [[Table(columns, lines), _people(closed_set)]]
    wrong = mistakes(closed_set)
    return Section(
        title=tell("Closed set: people it has learned"),
        text=tell(_CLOSED[outcome.recipe.answers_by], people=number(len(closed_set.labels))),
        tables=[*tables, wrong] if wrong else tables,
        notes=[] if wrong else [tell("No test photo was taken for somebody else.")],
    )


def _people(closed_set: ClosedSet) -> Table:
    """Whether a mean hides people who are hardly ever recognised."""
    shares = np.array([one.accuracy for one in closed_set.per_class()])
    counts = {
        tell("All"): (shares == 1).sum(),
        tell("Half or more"): ((shares >= 0.5) & (shares < 1)).sum(),
        tell("Less than half"): ((shares > 0) & (shares < 0.5)).sum(),
        tell("None of them"): (shares == 0).sum(),
    }
    lines = [Line(name, [number(int(count))]) for name, count in counts.items()]
    return Table([tell("Test photos of a person that are right"), tell("People")], lines)


def write(directory: Path, outcome: Outcome) -> dict[str, Any]:
    """Write `metrics.json` and a page for each language of `outcome.origin` into `directory`;
    returns what is in the former.

    Raises:
        OSError: the folder cannot be written to.
    """
    with speaking(ENGLISH):
        metrics = outcome.metrics()
        files.write(directory, page(outcome), metrics)
    for language in outcome.origin.languages:
        with speaking(language):
            files.write_page(directory, page(outcome))
    return metrics
