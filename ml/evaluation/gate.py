"""May a new network take the place of the one in service?

Both are measured on the same photos of the same people, in the same galleries and the same
resamples, so that what is hard for both does not count. DIR at FPIR 1 % is what a site lives by: a
network is better if that has risen beyond chance and rank-1 has not fallen beyond it. It is as good
if both are shown to have fallen by less than a margin. All else is worse, or cannot be told.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from ml.evaluation import resampling
from ml.evaluation.comparisons import search
from ml.evaluation.differences import Difference
from ml.evaluation.resampling import BOOTSTRAPS
from ml.evaluation.samples import HeldOut
from ml.evaluation.verdicts import Outcome, Reason, Verdict

FPIR = 0.01
MARGIN = 0.01
"""A loss that is not worth telling from none."""
RISK = 0.05
"""Chance to call better what is as good, or as good what is worse by the margin."""
PEOPLE_NEEDED = 5
PROBES_NEEDED = 40


@dataclass(frozen=True, slots=True)
class Compared:
    """Two networks, on the same people, at rank-1 and at DIR at FPIR 1 %."""

    rank1: Difference
    dir: Difference
    risk: float

    @property
    def outcome(self) -> Outcome:
        """What the two measures come to together."""
        found = self.found(self.rank1), self.found(self.dir)
        if "worse" in found:
            return "worse"
        if found[1] == "better":
            return "better"
        return "cannot_tell" if "unclear" in found else "as_good"

    def found(self, one: Difference) -> str:
        """better, as_good, worse or unclear."""
        low, high = one.ends(self.risk)
        if low > -MARGIN:
            return "better" if low > 0 else "as_good"
        return "worse" if high < 0 else "unclear"

    def people_needed(self) -> int:
        """How many people would settle it, about: two digits of the number are all that is known.
        None of a measure that is settled."""
        open_ones = [one for one in (self.rank1, self.dir) if self.found(one) == "unclear"]
        needed = max(one.people_needed(MARGIN, self.risk) for one in open_ones)
        unit: int = 10 ** max(0, math.floor(math.log10(needed)) - 1)
        return math.ceil(needed / unit) * unit


def judge(
    candidate: HeldOut,
    active: HeldOut | None,
    *,
    known_to_active: Collection[str] = (),
    tries: int = 1,
    bootstraps: int = BOOTSTRAPS,
) -> Verdict:
    """Compare two networks at rank-1 and at DIR at FPIR 1 %, on the same photos.

    `known_to_active` are people whom the active network has been trained on: they would speak for
    it, and are left out. `tries` says how many networks these people have judged, this one
    included: the risk of an error is divided by its square, so that of any number of networks that
    are no better, one is called so with a chance of no more than 1.65 times the risk of one.

    Raises:
        ValueError: the two are not of the same photos.
    """
    if active is None:
        return Verdict("cannot_tell", (Reason("nothing_to_compare_with"),))
    if candidate.labels != active.labels or not np.array_equal(candidate.owners, active.owners):
        raise ValueError("The two networks are to be compared on the same photos.")
    left_out = len(set(known_to_active) & set(candidate.labels))
    known = (Reason("left_out", {"people": left_out}),) if left_out else ()
    new, old = (one.without(known_to_active).limited() for one in (candidate, active))
    if missing := _missing(new):
        return Verdict("cannot_tell", (*known, *missing))
    compared = compare(new, old, risk=RISK / tries**2, bootstraps=bootstraps)
    return Verdict(compared.outcome, (*known, *_reasons(compared, new, tries)))


def by_hand(verdict: Verdict) -> Verdict:
    """The same of a network that answers by its own classes. What is compared is how it would
    answer by gallery, and it names other people than the one in service: no figure says whether
    that is wanted, so that a person has to."""
    return Verdict("cannot_tell", (Reason("answers_by_classes"), *verdict.reasons))


def compare(
    new: HeldOut, old: HeldOut, *, risk: float = RISK, bootstraps: int = BOOTSTRAPS
) -> Compared:
    """The two measures of two networks on the same photos, each end of a difference wrong with a
    chance of `risk`."""
    people = len(new.labels)
    drawn = resampling.weights(people, bootstraps=bootstraps)
    # The same seed draws the same galleries, since those depend on nothing but whose photos are.
    one, other = (search(each.embeddings, each.owners) for each in (new, old))
    rank1 = Difference.of(one.rank1(drawn), other.rank1(drawn), people)
    at_fpir = [each.dir([FPIR], drawn)[:, 0] for each in (one, other)]
    return Compared(rank1, Difference.of(at_fpir[0], at_fpir[1], people), risk)


def _missing(held_out: HeldOut) -> tuple[Reason, ...]:
    people, probes = len(held_out.labels), held_out.probes
    reasons = []
    if people < PEOPLE_NEEDED:
        reasons.append(Reason("too_few_people", {"people": people, "needed": PEOPLE_NEEDED}))
    if probes < PROBES_NEEDED:
        reasons.append(Reason("too_few_probes", {"probes": probes, "needed": PROBES_NEEDED}))
    return tuple(reasons)


def _reasons(compared: Compared, seen: HeldOut, tries: int) -> Iterator[Reason]:
    yield _reason("rank1", compared.rank1, compared)
    yield _reason("dir", compared.dir, compared, fpir=FPIR)
    people, photos = len(seen.labels), len(seen.owners)
    if compared.outcome == "cannot_tell":
        needed = compared.people_needed()
        total = round(needed * photos / people)
        yield Reason("needed", {"people": needed, "photos": total, "seen": people})
    if tries > 1:
        yield Reason("tries", {"tries": tries, "level": _level(compared)})
    if photos * FPIR < 1:
        yield Reason("few_strangers", {"strangers": photos, "fpir": FPIR})


def _reason(measure: str, one: Difference, compared: Compared, **params: float) -> Reason:
    low, high = one.ends(compared.risk)
    shares = {"candidate": one.candidate, "active": one.active, "difference": one.value}
    ends = {"low": low, "high": high, "level": _level(compared)}
    return Reason(f"{measure}_{compared.found(one)}", {**shares, **ends, **params})


def _level(compared: Compared) -> float:
    return round(1 - compared.risk, 4)
