"""The report on a training: what the network's own classes are worth."""

from __future__ import annotations

from ml.architectures.recipe import Recipe
from ml.evaluation.own_classes import HELD_OUT, OwnClasses
from ml.language import gettext_noop, number, percent, rate, tell
from ml.reports.page import Line, Section, Table


def section(own: OwnClasses, recipe: Recipe) -> Section:
    """As a closed set and as an open one, whichever of them it is going to answer by."""
    always = tell("the likeliest is always named")
    lines = [Line(tell("Closed set"), [percent(own.right)], always)]
    for fpir, share in own.dir.items():
        cells = ["–" if share is None else percent(share)]
        note = tell("named from a threshold that %(rate)s of strangers reach", rate=rate(fpir))
        lines.append(Line(tell("Open set, FPIR %(rate)s", rate=rate(fpir)), cells, note))
    return Section(
        title=tell("By its own classes"),
        text=tell(
            "A network can name people by its classes alone, as the paper’s does, no matter who "
            "is enrolled. %(this_one)s Test photos of people it knows:",
            this_one=_goes_by(recipe),
        ),
        tables=[[Table(["", tell("Named correctly")], lines)]],
        notes=[_strangers(own), _temperature(own)],
    )


def _goes_by(recipe: Recipe) -> str:
    if recipe.answers_by == "gallery":
        return tell("This version does not: it goes by who is enrolled.")
    if recipe.open_set:
        return tell("This version does, as an open set.")
    return tell("This version does, as a closed set.")


def _strangers(own: OwnClasses) -> str:
    source = own.classes.source
    if source["fitted_on"] == HELD_OUT:
        return tell(
            "Strangers: people held out. Photos: %(photos)s, people: %(people)s.",
            photos=number(source["photos"]),
            people=number(source["people"]),
        )
    return tell(
        "Nobody was held out. Validation photos stand for strangers, each identified without its "
        "own class: %(photos)s of them. Real strangers may be named more often.",
        photos=number(source["photos"]),
    )


def _temperature(own: OwnClasses) -> str:
    temperature = own.classes.temperature
    if temperature > 1:
        said = gettext_noop(
            "Its probabilities are given at a temperature of %(temperature)s, fitted on validation "
            "photos: less sure than the network itself is."
        )
    else:
        said = gettext_noop(
            "Its probabilities are given at a temperature of %(temperature)s, fitted on validation "
            "photos: more sure than the network itself is."
        )
    return tell(said, temperature=number(temperature, 2))
