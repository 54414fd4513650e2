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
from ml.language import gettext_noop, percent, rate, tell
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
        Row("Accuracy", accuracy, note=f"± {percent(spread)} over {len(result.accuracies)} folds")
    ]
    for far in FARS:
        note = f"at most {allowed(far, different)} of {different:,} different pairs accepted"
        rows.append(Row(f"TAR at FAR {rate(far)}", result.tar(far), result.tar_interval(far), note))
    roc = trade_off(
        [Curve("", FIRST, result.impostors, result.genuine)],
        labels=("FAR: different people taken for one", "TAR: one person recognised as one"),
        marks=[Mark(f"FAR {rate(far)}", far, result.tar(far)) for far in FARS],
        caption=f"ROC over {same:,} pairs of one person and {different:,} pairs of two. The axis "
        f"of FAR ends at one pair in {different:,}: nothing finer can be measured here.",
    )
    spectrum = distributions(
        [Group("one person", FIRST, result.genuine), Group("two people", SECOND, result.impostors)],
        threshold=Mark(f"threshold {threshold:.3f}", threshold),
        label="similarity (cosine)",
        caption=f"Similarities of the {same + different:,} pairs. The threshold is the mean over "
        "the folds; each was chosen on the other folds.",
    )
    return Report(
        "Are these two photos of one person?",
        f"{percent(accuracy)} of {same + different:,} pairs were told apart rightly.",
        rows,
        [roc, spectrum],
        [
            _missing(result.missing, "pairs", "counted as wrong answers at every threshold"),
            _INTERVALS,
        ],
        result.summary(),
    )


def open_set(result: OpenSet) -> Report:
    """The report on identification with strangers among the probes."""
    summary = result.summary()
    probes, strangers = summary["probes"], summary["strangers"]
    rows = [Row("Rank-1", summary["rank1"], note="the right person is the most similar one")]
    for fpir in FPIRS:
        note = f"at most {allowed(fpir, strangers)} of {strangers:,} strangers named"
        rows.append(
            Row(f"DIR at FPIR {rate(fpir)}", result.dir(fpir), result.dir_interval(fpir), note)
        )
    rows += [
        Row("DIR at the product's decision", summary["dir_at_decision"], note="named, and rightly"),
        Row(
            "FPIR at the product's decision",
            summary["fpir_measured"],
            result.fpir_interval(),
            f"promised: {rate(result.fpir_promised)}",
        ),
    ]
    rows += [
        Row(
            f"Calibration error, strangers {rate(share)}",
            error,
            note="mean distance of promised from right, of all answers",
        )
        for share, error in zip(SHARES, summary["calibration_error"].values(), strict=True)
    ]
    decision = Mark("the product's decision", summary["fpir_measured"], summary["dir_at_decision"])
    curve = trade_off(
        [Curve("", FIRST, result.stranger_scores, result.right_scores)],
        labels=("FPIR: strangers named", "DIR: enrolled people named rightly"),
        marks=[Mark(f"promised: {rate(result.fpir_promised)}", result.fpir_promised), decision],
        caption=f"{probes:,} probes of {result.people:,} enrolled people ({result.enrol} "
        f"{'photo' if result.enrol == 1 else 'photos'} each) and {strangers:,} strangers "
        "with one photo each.",
    )
    spectrum = distributions(
        [
            Group("best person is right", FIRST, result.scores[result.right]),
            Group("best person is wrong", THIRD, result.scores[~result.right]),
            Group("strangers", SECOND, result.stranger_scores),
        ],
        threshold=Mark("threshold", 0.0),
        label="similarity of the best person (cosine), above the threshold of that face",
        caption="Each group has an area of one, however many it holds: "
        f"{int(result.right.sum()):,}, {int((~result.right).sum()):,} and {strangers:,}.",
    )
    return Report(
        "Who is this, or nobody we know?",
        f"{percent(summary['dir_at_decision'])} of the enrolled people's photos got the right "
        f"name, {percent(summary['fpir_measured'])} of the strangers got a name at all.",
        rows,
        [curve, spectrum, reliability(result.bins(STRANGERS))],
        [
            _threshold(result.raised_by),
            _missing(result.missing, "photos", "probes among them count as not recognised"),
            _INTERVALS,
        ],
        summary,
    )


COLUMNS = {
    "strangers": "Strangers named",
    "other_strangers": "Other strangers named",
    "right": "Right",
    "others_right": "Others right",
    "twice_right": "Who is there twice, right",
}


def galleries(result: Galleries) -> Report:
    """The report on random galleries of many kinds."""
    worst = max(shares.strangers or 0.0 for shares in result.shares.values())
    lines = [
        Line(
            str(kind),
            [
                "" if (share := getattr(shares, name)) is None else percent(share)
                for name in COLUMNS
            ],
        )
        for kind, shares in result.shares.items()
    ]
    table = Table(["People enrolled, photos of each", *COLUMNS.values()], lines)
    return Report(
        "Does one bar hold in every gallery?",
        f"In the mean over {result.draws} galleries of a kind at most {percent(worst)} of the "
        "strangers got a name.",
        [],
        [],
        ["A stranger counts as named where the answer is a name, or two to choose from."],
        result.summary(),
        more=[Section("Galleries", tables=[[table]])],
    )


PART_NAMES = {
    "train": gettext_noop("Training photos"),
    "validation": gettext_noop("Validation photos"),
    "test": gettext_noop("Test photos"),
}


def closed_set(result: ClosedSet, missing: int) -> Report:
    """The report on people whom a version knows; `missing` photos of its split were not there."""
    rows = [
        _share(tell(PART_NAMES[part]), answers.hits, f"{len(answers.truth):,} photos")
        for part, answers in result.parts.items()
    ]
    if "test" in result.parts:
        among = "the right one is among the five likeliest"
        rows.append(_share("Test photos, top-5", result.parts["test"].hits_in_top, among))
    right = percent(result.accuracy("test"))
    return Report(
        "Whose face is it, of those it knows?",
        f"{right} of the test photos got the right one of {len(result.labels):,} names.",
        rows,
        [],
        [
            "Intervals are 95 % score intervals over single photos. Photos of one person resemble "
            "each other, which makes the true intervals a little wider.",
            *([f"{missing:,} photos of the split of this version were not found."] * bool(missing)),
        ],
        result.summary(),
        more=[Section("Mistakes", tables=[mistakes(result)])] if mistakes(result) else [],
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


_INTERVALS = (
    "Intervals are 95 % percentile bootstrap intervals over single similarities. People with many "
    "photos count more than people with few, which makes the true intervals a little wider."
)


def _threshold(raised_by: float) -> str:
    return (
        "The threshold is that of each face: the likeness that is usual around it counts for "
        f"nothing. Other people of this gallery raised it by {raised_by:.3f} in the mean."
    )


def _missing(number: int, things: str, treatment: str) -> str:
    if not number:
        return f"A face was found in all {things}."
    return f"{number:,} {things} without a face that could be found; {treatment}."
