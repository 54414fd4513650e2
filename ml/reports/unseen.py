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
from ml.language import percent, rate
from ml.reports import charts as draw
from ml.reports import training_charts
from ml.reports.charts import FIRST, SECOND, THIRD, Chart, Curve, Group
from ml.reports.outcome import Outcome
from ml.reports.page import Line, Section, Table, Tile
from ml.types import Floats

ERRORS = {
    "fmr": f"FMR at FAR {rate(FAR)}",
    "fnmr": f"FNMR at FAR {rate(FAR)}",
    "fpir": f"FPIR at {rate(FPIR)} of all",
    "miss": f"Missed at FPIR {rate(FPIR)}",
}


def held_out(outcome: Outcome) -> Section:
    """Verification and open set, beside the version in service."""
    seen, other = outcome.held_out, outcome.in_service
    title = "Open set: people it has never seen"
    if seen is None:
        text = "Nobody was held out of this training, so that nothing is known about strangers."
        return Section(title, text)
    columns = ["Measure", "Share", "95 % interval"]
    lines = list(_lines(seen))
    if other:
        columns.append(outcome.compared_with or "In service")
        beside = [line.cells[0] for line in _lines(other)]
        lines = [
            replace(line, cells=[*line.cells, cell])
            for line, cell in zip(lines, beside, strict=True)
        ]
    return Section(
        title=title,
        text=f"{seen.photos:,} photos of {people(seen.people)}. Verification compares all of them "
        f"in pairs. For identification a random half of the people is enrolled with {ENROL} photos "
        f"each and everybody else is a stranger, {DRAWS} times.",
        tables=[[Table(columns, lines)]],
        rows=_curves(outcome, seen) if len(seen.searches.best) else [],
        notes=list(_caveats(seen)),
    )


def _lines(seen: Metrics) -> Iterator[Line]:
    def line(name: str, share: Interval | None, note: str) -> Line:
        return Line(name, [value(share), span(share)], note)

    yield line("Rank-1", seen.rank1, "the right person is the most alike")
    for fpir, share in seen.dir.items():
        note = f"named rightly, while {rate(fpir)} of strangers are named"
        yield line(f"DIR at FPIR {rate(fpir)}", share, note)
    for far, share in seen.tar.items():
        note = f"pairs of one person that pass, while {rate(far)} of others do"
        yield line(f"TAR at FAR {rate(far)}", share, note)


def _caveats(seen: Metrics) -> Iterator[str]:
    yield (
        "Intervals are 95 % bootstrap intervals over people. One without width says that no "
        "resample had an error, not that none can happen."
    )
    unknown = [f"DIR at FPIR {rate(fpir)}" for fpir, share in seen.dir.items() if share is None]
    unknown += [f"TAR at FAR {rate(far)}" for far, share in seen.tar.items() if share is None]
    if unknown:
        yield f"Too few photos of too few people to tell: {', '.join(unknown)}."


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
        labels=("FPIR: strangers named", "DIR: enrolled people named rightly"),
        marks=[],
        caption=f"Identification: {len(seen.searches.best):,} searches for enrolled people and "
        f"{len(seen.searches.stranger_best):,} for strangers.",
        half=True,
    )
    verification = draw.trade_off(
        pairs,
        labels=("FAR: two people taken for one", "TAR: one person recognised"),
        marks=[],
        caption=f"Verification: {len(seen.pairs.genuine):,} pairs of photos of one person and "
        f"{len(seen.pairs.impostors):,} of two.",
        half=True,
    )
    return [[identification, verification], [_spectrum(seen.searches)]]


def _spectrum(searches: Searches) -> Chart:
    right = searches.right
    return draw.distributions(
        [
            Group("best person is right", FIRST, _doubles(searches.best[right])),
            Group("best person is wrong", THIRD, _doubles(searches.best[~right])),
            Group("strangers", SECOND, _doubles(searches.stranger_best)),
        ],
        label="similarity of the best person in the gallery (cosine)",
        caption="How alike the most alike enrolled person is. Each group has an area of one, "
        f"however many it holds: {int(right.sum()):,}, {int((~right).sum()):,} and "
        f"{len(searches.stranger_best):,}.",
    )


def calibration(outcome: Outcome) -> Section | None:
    """Whether probabilities and FPIR are what they are said to be."""
    kept = outcome.reliability
    if kept is None:
        return None
    text = (
        "What the site says about a face is a promise: a probability that the name is right, and a "
        "share of strangers who get a name at all (FPIR). Here both are measured, always on people "
        "to whom the calibration was not fitted."
    )
    if kept.error is None:
        note = f"{people(kept.people)} held out are too few for any of this."
        return Section("Calibration: are promises kept?", text, notes=[note])
    columns = ["Strangers named", *(f"FPIR {rate(fpir)} promised" for fpir in FPIRS)]
    return Section(
        title="Calibration: are promises kept?",
        text=text,
        tiles=list(_kept(kept)),
        tables=[[Table(columns, [_promise(promise) for promise in kept.promises], main=None)]],
        rows=[[training_charts.reliability(kept.bins), _promises(kept)]],
    )


def _kept(kept: Reliability) -> Iterator[Tile]:
    yield Tile(
        "Expected calibration error", percent(kept.error), "mean distance of promised from right"
    )
    largest = [promise for promise in kept.promises if promise.people][-1]
    measured = largest.measured[FPIR]
    if measured:
        name = f"Strangers named, {rate(FPIR)} promised"
        yield Tile(name, value(measured), f"{span(measured)}, {largest.people} enrolled")


def _promise(promise: Promise) -> Line:
    if promise.people is None:
        note = f"too few people: {promise.needed} would have to be held out"
        return Line(_size(promise), ["–"] * len(FPIRS), note)
    cells = [
        f"{value(measured)}\n{span(measured)}" if measured else "–\ntoo few strangers"
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
        caption="Strangers who get a name, with 95 % intervals over people. Above the dashed line "
        "more are named than was promised.",
    )


def _size(promise: Promise) -> str:
    if promise.gallery != "all":
        return f"{promise.gallery} enrolled"
    return f"All that can be: {promise.people} enrolled" if promise.people else "All that can be"


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
    largest = [f"{ratio:.1f}×" if ratio else "–" for ratio in ratios]
    columns = ["Group", "Rank-1", f"DIR at FPIR {rate(FPIR)}", *ERRORS.values()]
    return Section(
        title="By group",
        text="Rank-1 and DIR are measured within each group by itself. The errors beside them are "
        "at one threshold for everybody: wrong matches (FMR) and misses (FNMR) of pairs within the "
        "group, its strangers who were named, and its people who were not named rightly.",
        tables=[[Table(columns, [*lines, Line("Largest ratio", ["", "", *largest])], main=None)]],
        notes=list(_about_groups(found)),
    )


def _about_groups(found: ByGroup) -> Iterator[str]:
    small = [group.name for group in found.groups if group.metrics is None]
    if small:
        yield f"Too few people to measure, fewer than {PEOPLE_NEEDED}: {', '.join(small)}."
    if found.ungrouped:
        yield f"{people(found.ungrouped)} held out are in no group."
    yield "A ratio is missing where a group shows no such error at all: it would be infinite."


def people(number: int) -> str:
    """A number of people in words."""
    return f"{number:,} {'person' if number == 1 else 'people'}"


def value(share: Interval | None) -> str:
    """A measured share, without its interval."""
    return percent(share.value if share else None)


def span(share: Interval | None) -> str:
    """The ends of the interval of a measured share."""
    return f"{percent(share.low)} – {percent(share.high)}" if share else ""


def _doubles(similarities: Floats) -> Similarities:
    return similarities.astype(np.float64)
