"""What the evaluations found, told in words and charts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ml.calibration import STRANGERS
from ml.evaluation import rates
from ml.evaluation.closed_set import ClosedSet
from ml.evaluation.galleries import Galleries
from ml.evaluation.open_set import SHARES, OpenSet
from ml.evaluation.rates import FPIRS, allowed
from ml.evaluation.verification import FARS, Verification
from ml.language import gettext_noop, number, percent, rate, tell, tell_number
from ml.reports.charts import FIRST, SECOND, THIRD, Curve, Group, Mark, distributions, trade_off
from ml.reports.files import Report, Row
from ml.reports.page import Line, Section, Table
from ml.reports.training_charts import reliability


def verification(result: Verification) -> Report:
    """The report on pairs of photos."""
    same, different = len(result.genuine), len(result.impostors)
    accuracy, threshold = float(result.accuracies.mean()), float(result.thresholds.mean())
    spread = float(result.accuracies.std(ddof=1))
    rows = [
        Row(
            tell("Accuracy"),
            accuracy,
            note=tell(
                "± %(spread)s; folds: %(folds)d",
                spread=percent(spread),
                folds=len(result.accuracies),
            ),
        )
    ]
    for far in FARS:
        note = tell(
            "pairs of two people accepted: at most %(most)d of %(total)s",
            most=allowed(far, different),
            total=number(different),
        )
        name = tell("TAR at FAR %(rate)s", rate=rate(far))
        rows.append(Row(name, result.tar(far), result.tar_interval(far), note))
    roc = trade_off(
        [Curve("", FIRST, result.impostors, result.genuine)],
        labels=(tell("FAR: two people taken for one"), tell("TAR: one person recognised")),
        marks=[Mark(f"FAR {rate(far)}", far, result.tar(far)) for far in FARS],
        caption=tell(
            "ROC; pairs of one person: %(same)s, of two: %(different)s. The axis of FAR ends at "
            "one pair of all those of two people: nothing finer can be measured here.",
            same=number(same),
            different=number(different),
        ),
    )
    spectrum = distributions(
        [
            Group(tell("one person"), FIRST, result.genuine),
            Group(tell("two people"), SECOND, result.impostors),
        ],
        threshold=Mark(tell("threshold %(value)s", value=number(threshold, 3)), threshold),
        label=tell("similarity (cosine)"),
        caption=tell(
            "Similarities of the pairs. The threshold is the mean over the folds; each was chosen "
            "on the other folds."
        ),
    )
    return Report(
        tell("Are these two photos of one person?"),
        tell(
            "%(share)s of %(pairs)s pairs were judged correctly.",
            share=percent(accuracy),
            pairs=number(same + different),
        ),
        rows,
        [roc, spectrum],
        [
            _missing(result.missing, tell(_WRONG_ANSWERS)),
            tell(_INTERVALS),
        ],
        result.summary(),
    )


def open_set(result: OpenSet) -> Report:
    """The report on identification with strangers among the probes."""
    summary = result.summary()
    probes, strangers = summary["probes"], summary["strangers"]
    promised = tell("promised: %(rate)s", rate=rate(result.fpir_promised))
    rows = [
        Row(tell("Rank-1"), summary["rank1"], note=tell("the right person is the most similar"))
    ]
    for fpir in FPIRS:
        note = tell(
            "strangers named: at most %(most)d of %(total)s",
            most=allowed(fpir, strangers),
            total=number(strangers),
        )
        name = tell("DIR at FPIR %(rate)s", rate=rate(fpir))
        rows.append(Row(name, result.dir(fpir), result.dir_interval(fpir), note))
    rows += [
        Row(
            tell("DIR at the site's decision"),
            summary["dir_at_decision"],
            note=tell("named, and correctly"),
        ),
        Row(
            tell("FPIR at the site's decision"),
            summary["fpir_measured"],
            result.fpir_interval(),
            promised,
        ),
    ]
    rows += [
        Row(
            tell("Calibration error, strangers %(share)s", share=rate(share)),
            error,
            note=tell("mean distance of promised from right, of all answers"),
        )
        for share, error in zip(SHARES, summary["calibration_error"].values(), strict=True)
    ]
    decision = Mark(
        tell("the site's decision"), summary["fpir_measured"], summary["dir_at_decision"]
    )
    curve = trade_off(
        [Curve("", FIRST, result.stranger_scores, result.right_scores)],
        labels=(tell("FPIR: strangers named"), tell("DIR: enrolled people named correctly")),
        marks=[Mark(promised, result.fpir_promised), decision],
        caption=tell(
            "Probes: %(probes)s, of enrolled people: %(people)s, photos enrolled of each: "
            "%(enrol)d. Strangers with one photo each: %(strangers)s.",
            probes=number(probes),
            people=number(result.people),
            enrol=result.enrol,
            strangers=number(strangers),
        ),
    )
    spectrum = distributions(
        [
            Group(tell("best person is right"), FIRST, result.scores[result.right]),
            Group(tell("best person is wrong"), THIRD, result.scores[~result.right]),
            Group(tell("strangers"), SECOND, result.stranger_scores),
        ],
        threshold=Mark(tell("threshold"), 0.0),
        label=tell("similarity of the best person (cosine), above the threshold of that face"),
        caption=tell(
            "Each group has an area of one, however many it holds: %(right)s, %(wrong)s and "
            "%(strangers)s.",
            right=number(int(result.right.sum())),
            wrong=number(int((~result.right).sum())),
            strangers=number(strangers),
        ),
    )
    return Report(
        tell("Who is this, or nobody we know?"),
        tell(
            "%(right)s of the enrolled people's photos got the right name, %(strangers)s of the "
            "strangers got a name at all.",
            right=percent(summary["dir_at_decision"]),
            strangers=percent(summary["fpir_measured"]),
        ),
        rows,
        [curve, spectrum, reliability(result.bins(STRANGERS))],
        [
            _threshold(result.raised_by),
            _missing(result.missing, tell(_NOT_RECOGNISED)),
            tell(_INTERVALS),
        ],
        summary,
    )


COLUMNS = {
    "strangers": gettext_noop("Strangers named"),
    "other_strangers": gettext_noop("Other strangers named"),
    "right": gettext_noop("Right"),
    "others_right": gettext_noop("Others right"),
    "twice_right": gettext_noop("Enrolled twice, right"),
}


def galleries(result: Galleries) -> Report:
    """The report on random galleries of many kinds."""
    worst = max(shares.strangers or 0.0 for shares in result.shares.values())
    lines = [
        Line(
            kind.told(),
            [
                "" if (share := getattr(shares, name)) is None else percent(share)
                for name in COLUMNS
            ],
        )
        for kind, shares in result.shares.items()
    ]
    heading = tell("People enrolled, photos of each")
    table = Table([heading, *map(tell, COLUMNS.values())], lines)
    return Report(
        tell("Does one bar hold in every gallery?"),
        tell(
            "On average over %(draws)d galleries of a kind, at most %(share)s of the strangers got "
            "a name.",
            draws=result.draws,
            share=percent(worst),
        ),
        [],
        [],
        [tell("A stranger counts as named where the answer is a name, or two to choose from.")],
        result.summary(),
        more=[Section(tell("Galleries"), tables=[[table]])],
    )


PART_NAMES = {
    "train": gettext_noop("Training photos"),
    "validation": gettext_noop("Validation photos"),
    "test": gettext_noop("Test photos"),
}


def closed_set(result: ClosedSet, missing: int) -> Report:
    """The report on people whom a version knows; `missing` photos of its split were not there."""
    rows = [
        _share(tell(PART_NAMES[part]), answers.hits, _photos(len(answers.truth)))
        for part, answers in result.parts.items()
    ]
    if "test" in result.parts:
        among = tell("the right one is among the five likeliest")
        rows.append(_share(tell("Test photos, top-5"), result.parts["test"].hits_in_top, among))
    right = percent(result.accuracy("test"))
    return Report(
        tell("Whose face is it, of those it knows?"),
        tell(
            "%(share)s of the test photos got the right one of %(names)s names.",
            share=right,
            names=number(len(result.labels)),
        ),
        rows,
        [],
        [tell(_SCORE_INTERVALS), *([_not_found(missing)] if missing else [])],
        result.summary(),
        more=[Section(tell("Mistakes"), tables=[mistakes(result)])] if mistakes(result) else [],
    )


def _share(name: str, hits: npt.NDArray[np.bool_], note: str) -> Row:
    share = float(hits.mean())
    return Row(name, share, rates.score_interval(share, len(hits)), note)


def _of(number: int, total: int) -> str:
    return tell("%(number)s of %(total)s", number=number, total=total)


def mistakes(result: ClosedSet) -> list[Table]:
    """Whose test photos it gets wrong, and whom it takes them for; nothing if none."""
    worst = [
        Line(
            one.label,
            [
                percent(one.accuracy),
                _of(one.right, one.photos),
            ],
        )
        for one in result.worst()
    ]
    confused = [
        Line(
            one.label,
            [one.taken_for, _of(one.times, one.photos)],
        )
        for one in result.most_confused()
    ]
    if not worst:
        return []
    return [
        Table([tell("Worst on test photos"), tell("Right"), tell("Photos")], worst),
        Table([tell("Most confused"), tell("Taken for"), tell("Photos")], confused, main=None),
    ]


_INTERVALS = gettext_noop(
    "Intervals are 95 % percentile bootstrap intervals over single similarities. People with many "
    "photos count more than people with few, which makes the true intervals a little wider."
)
_SCORE_INTERVALS = gettext_noop(
    "Intervals are 95 % score intervals over single photos. Photos of one person resemble each "
    "other, which makes the true intervals a little wider."
)
_WRONG_ANSWERS = gettext_noop(
    "Pairs without a face that could be found: %(count)s; they count as wrong answers at every "
    "threshold."
)
_NOT_RECOGNISED = gettext_noop(
    "Photos without a face that could be found: %(count)s; probes among them count as not "
    "recognised."
)


def _photos(count: int) -> str:
    return tell_number("%(count)s photo", "%(count)s photos", count)


def _not_found(photos: int) -> str:
    return tell(
        "Photos of the split of this version that were not found: %(count)s.", count=number(photos)
    )


def _threshold(raised_by: float) -> str:
    return tell(
        "The threshold is that of each face: the likeness that is usual around it counts for "
        "nothing. Other people of this gallery raised it by %(value)s on average.",
        value=number(raised_by, 3),
    )


def _missing(count: int, treatment: str) -> str:
    if not count:
        return tell("A face was found in all of them.")
    return treatment % {"count": number(count)}
