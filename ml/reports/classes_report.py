"""The report on a training: what the network's own classes are worth."""

from __future__ import annotations

from ml.architectures.recipe import Recipe
from ml.evaluation.own_classes import HELD_OUT, OwnClasses
from ml.language import percent, rate
from ml.reports.page import Line, Section, Table


def section(own: OwnClasses, recipe: Recipe) -> Section:
    """As a closed set and as an open one, whichever of them it is going to answer by."""
    lines = [Line("Closed set", [percent(own.right)], "the likeliest is always named")]
    for fpir, share in own.dir.items():
        cells = ["–" if share is None else percent(share)]
        note = f"named from a threshold on that {rate(fpir)} of strangers reach"
        lines.append(Line(f"Open set, FPIR {rate(fpir)}", cells, note))
    return Section(
        title="By its own classes",
        text="A network can name people by its classes alone, as the paper’s does, whoever is "
        f"enrolled. {_goes_by(recipe)} Test photos of people it knows:",
        tables=[[Table(["", "Named rightly"], lines)]],
        notes=[_strangers(own), _temperature(own)],
    )


def _goes_by(recipe: Recipe) -> str:
    if recipe.answers_by == "gallery":
        return "This version does not: it goes by who is enrolled."
    return f"This version does, as {'an open' if recipe.open_set else 'a closed'} set."


def _strangers(own: OwnClasses) -> str:
    source = own.classes.source
    if source["fitted_on"] == HELD_OUT:
        return f"Strangers are {source['photos']:,} photos of {source['people']:,} people held out."
    return (
        f"Nobody was held out. {source['photos']:,} validation photos stand for strangers, each "
        "asked about without the class that it is of; real strangers may be named more often."
    )


def _temperature(own: OwnClasses) -> str:
    temperature = own.classes.temperature
    made = "less" if temperature > 1 else "more"
    return (
        f"Its probabilities are told at a temperature of {temperature:.2f}, fitted on validation "
        f"photos: {made} sure than the network itself is."
    )
