"""The report on a training: what the network makes of people whom it has never seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ml.evaluation.comparisons import DRAWS, Searches
from ml.evaluation.groups import FAR, FPIR, PEOPLE_NEEDED, ByGroup
from ml.evaluation.held_out import Metrics
from ml.evaluation.rates import FPIRS, Similarities
from ml.evaluation.reliability import Promise, Reliability
from ml.evaluation.resampling import Interval
from ml.evaluation.samples import ENROL
from ml.language import gettext_noop, number, percent, rate, tell, tell_number
from ml.reports import charts as draw
from ml.reports import training_charts
from ml.reports.charts import FIRST, SECOND, THIRD, Chart, Curve, Group
from ml.reports.outcome import Outcome
from ml.reports.page import Line, Section, Table, Tile
from ml.types import Floats

ERRORS = {
    "fmr": gettext_noop("FMR at FAR %(far)s"),
    "fnmr": gettext_noop("FNMR at FAR %(far)s"),
    "fpir": gettext_noop("FPIR at %(fpir)s of all"),
    "miss": gettext_noop("Missed at FPIR %(fpir)s"),
}


def held_out(outcome: Outcome) -> Section:
    """Verification and open set, beside the version in service."""
    seen, other = outcome.held_out, outcome.in_service
    title = tell("Open set: people it has never seen")
    if seen is None:
        text = tell("Nobody was held out of this training, so nothing is known about strangers.")
        return Section(title, text)
    columns = [tell("Measure"), tell("Share"), tell("95 % interval")]
    lines = list(_lines(seen))
    if other:
        columns.append(outcome.compared_with or tell("In service"))
        beside = [line.cells[0] for line in _lines(other)]
        lines = [
            replace(line, cells=[*line.cells, cell])
            for line, cell in zip(lines, beside, strict=True)
        ]
    return Section(
        title=title,
        text=tell(
            "Photos: %(photos)s, people: %(people)s. Verification compares all of them in pairs. "
            "For identification a random half of the people is enrolled with %(enrol)s photos each "
            "and everybody else is a stranger, %(draws)s times.",
            photos=number(seen.photos),
            people=number(seen.people),
            enrol=ENROL,
            draws=DRAWS,
        ),
        tables=[[Table(columns, lines)]],
        rows=_curves(outcome, seen) if len(seen.searches.best) else [],
        notes=list(_caveats(seen)),
    )


def _lines(seen: Metrics) -> Iterator[Line]:
    def line(name: str, share: Interval | None, note: str) -> Line:
        return Line(name, [value(share), span(share)], note)

    yield line(tell("Rank-1"), seen.rank1, tell("the right person is the most similar"))
    for fpir, share in seen.dir.items():
        note = tell("named correctly, while %(rate)s of strangers are named", rate=rate(fpir))
        yield line(tell("DIR at FPIR %(rate)s", rate=rate(fpir)), share, note)
    for far, share in seen.tar.items():
        note = tell("pairs of one person that pass, while %(rate)s of others do", rate=rate(far))
        yield line(tell("TAR at FAR %(rate)s", rate=rate(far)), share, note)


def _caveats(seen: Metrics) -> Iterator[str]:
    yield tell(
        "Intervals are 95 % bootstrap intervals over people. One without width says that no "
        "resample had an error, not that none can happen."
    )
    missing = [rate(fpir) for fpir, share in seen.dir.items() if share is None]
    unknown = [tell("DIR at FPIR %(rate)s", rate=one) for one in missing]
    missing = [rate(far) for far, share in seen.tar.items() if share is None]
    unknown += [tell("TAR at FAR %(rate)s", rate=one) for one in missing]
    if unknown:
        listed = ", ".join(unknown)
        yield tell("Too few photos of too few people to tell: %(measures)s.", measures=listed)


def _curves(outcome: Outcome, seen: Metrics) -> list[list[Chart]]:
    networks = [(outcome.origin.name, FIRST, seen)]
    if outcome.in_service:
        networks.insert(0, (str(outcome.compared_with), THIRD, outcome.in_service))
    pairs = [
        Curve(name, colour, _doubles(one.pairs.impostors), _doubles(one.pairs.genuine))
        for name, colour, one in networks
    ]
    searches = [
        Curve(name, colour, _doubles(one.searches.stranger_best), _doubles(one.searches.right_best))
        for name, colour, one in networks
    ]
    identification = draw.trade_off(
        searches,
        labels=(tell("FPIR: strangers named"), tell("DIR: enrolled people named correctly")),
        marks=[],
        caption=tell(
            "Identification. Searches for people enrolled: %(known)s, for strangers: %(others)s.",
            known=number(len(seen.searches.best)),
            others=number(len(seen.searches.stranger_best)),
        ),
        half=True,
    )
    verification = draw.trade_off(
        pairs,
        labels=(tell("FAR: two people taken for one"), tell("TAR: one person recognised")),
        marks=[],
        caption=tell(
            "Verification. Pairs of photos of one person: %(one)s, of two: %(two)s.",
            one=number(len(seen.pairs.genuine)),
            two=number(len(seen.pairs.impostors)),
        ),
        half=True,
    )
    return [[identification, verification], [_spectrum(seen.searches)]]


def _spectrum(searches: Searches) -> Chart:
    right = searches.right
    return draw.distributions(
        [
            Group(tell("best person is right"), FIRST, _doubles(searches.best[right])),
            Group(tell("best person is wrong"), THIRD, _doubles(searches.best[~right])),
            Group(tell("strangers"), SECOND, _doubles(searches.stranger_best)),
        ],
        label=tell("similarity of the best person in the gallery (cosine)"),
        caption=tell(
            "How similar the most similar enrolled person is. Each group has an area of one, "
            "however many it holds: %(right)s, %(wrong)s and %(strangers)s.",
            right=number(int(right.sum())),
            wrong=number(int((~right).sum())),
            strangers=number(len(searches.stranger_best)),
        ),
    )


def calibration(outcome: Outcome) -> Section | None:
    """Whether probabilities and FPIR are what they are said to be."""
    kept = outcome.reliability
    if kept is None:
        return None
    text = tell(
        "What the site says about a face is a promise: a probability that the name is right, and a "
        "share of strangers who get a name at all (FPIR). Here both are measured, always on people "
        "to whom the calibration was not fitted."
    )
    if kept.error is None:
        note = tell("Too few people are held out for any of this: %(count)s.", count=kept.people)
        return Section(tell("Calibration: are promises kept?"), text, notes=[note])
    promised = (tell("FPIR %(rate)s promised", rate=rate(fpir)) for fpir in FPIRS)
    columns = [tell("Strangers named"), *promised]
    return Section(
        title=tell("Calibration: are promises kept?"),
        text=text,
        tiles=list(_kept(kept)),
        tables=[[Table(columns, [_promise(promise) for promise in kept.promises], main=None)]],
        rows=[[training_charts.reliability(kept.bins), _promises(kept)]],
    )


def _kept(kept: Reliability) -> Iterator[Tile]:
    yield Tile(
        tell("Expected calibration error"),
        percent(kept.error),
        tell("mean distance of promised from right"),
    )
    largest = [promise for promise in kept.promises if promise.people][-1]
    measured = largest.measured[FPIR]
    if measured:
        name = tell("Strangers named, %(rate)s promised", rate=rate(FPIR))
        enrolled = tell("%(people)s enrolled", people=largest.people)
        yield Tile(name, value(measured), f"{span(measured)}, {enrolled}")


def _promise(promise: Promise) -> Line:
    if promise.people is None:
        note = tell("too few people: %(needed)s would have to be held out", needed=promise.needed)
        return Line(_size(promise), ["–"] * len(FPIRS), note)
    none = "–\n" + tell("too few strangers")
    cells = [
        f"{value(measured)}\n{span(measured)}" if measured else none
        for measured in promise.measured.values()
    ]
    return Line(_size(promise), cells)


def _promises(kept: Reliability) -> Chart:
    colours = {"10": THIRD, "100": SECOND, "all": FIRST}
    return training_charts.promises(
        [
            training_charts.Promised(
                _size(promise),
                colours[promise.gallery],
                [(fpir, found) for fpir, found in promise.measured.items() if found],
            )
            for promise in kept.promises
            if promise.people
        ],
        caption=tell(
            "Strangers who get a name, with 95 % intervals over people. Above the dashed line "
            "more are named than was promised."
        ),
    )


def _size(promise: Promise) -> str:
    if promise.gallery != "all":
        return tell("%(people)s enrolled", people=promise.gallery)
    if promise.people:
        return tell("As many as possible: %(people)s enrolled", people=promise.people)
    return tell("As many as possible")


def groups(found: ByGroup) -> Section:
    """Whether some groups are served worse than others."""
    lines = [
        Line(
            group.name,
            [
                value(group.metrics.rank1 if group.metrics else None),
                value(group.metrics.dir[FPIR] if group.metrics else None),
                *(percent(group.errors.get(error)) for error in ERRORS),
            ],
            people(group.people),
        )
        for group in found.groups
    ]
    ratios = [found.ratio(error) for error in ERRORS]
    largest = [f"{number(ratio, 1)}×" if ratio else "–" for ratio in ratios]
    at = {"far": rate(FAR), "fpir": rate(FPIR)}
    measures = [tell("Rank-1"), tell("DIR at FPIR %(rate)s", rate=rate(FPIR))]
    columns = [tell("Group"), *measures, *(tell(name, **at) for name in ERRORS.values())]
    ends = Line(tell("Largest ratio"), ["", "", *largest])
    return Section(
        title=tell("By group"),
        text=tell(
            "Rank-1 and DIR are measured within each group by itself. The errors beside them are "
            "at one threshold for everybody: wrong matches (FMR) and misses (FNMR) of pairs within "
            "the group, its strangers who were named, and its people who were not named correctly."
        ),
        tables=[[Table(columns, [*lines, ends], main=None)]],
        notes=list(_about_groups(found)),
    )


def _about_groups(found: ByGroup) -> Iterator[str]:
    small = [group.name for group in found.groups if group.metrics is None]
    if small:
        yield tell(
            "Too few people to measure, fewer than %(needed)s: %(groups)s.",
            needed=PEOPLE_NEEDED,
            groups=", ".join(small),
        )
    if found.ungrouped:
        yield tell("People held out who are in no group: %(count)s.", count=found.ungrouped)
    yield tell("A ratio is missing where a group shows no such error at all: it would be infinite.")


def people(count: int) -> str:
    """A number of people in words."""
    return tell_number("%(count)s person", "%(count)s people", count)


def value(share: Interval | None) -> str:
    """A measured share, without its interval."""
    return percent(share.value if share else None)


def span(share: Interval | None) -> str:
    """The ends of the interval of a measured share."""
    return f"{percent(share.low)} – {percent(share.high)}" if share else ""


def _doubles(similarities: Floats) -> Similarities:
    return similarities.astype(np.float64)
