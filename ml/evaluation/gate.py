"""May a new network take the place of the one in service?

Both are measured on the same photos of the same people, in the same galleries and the same
resamples, so that what is hard for both does not count. The new one must not be worse beyond
chance: the 95 % interval of the difference may not lie wholly below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ml.evaluation import resampling
from ml.evaluation.comparisons import search
from ml.evaluation.resampling import BOOTSTRAPS, Doubles, Interval
from ml.evaluation.samples import HeldOut
from ml.language import ENGLISH, Language, gettext_noop, ngettext_noop

FPIR = 0.01
PEOPLE_NEEDED = 5
PROBES_NEEDED = 40


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a network passed or did not: a code that is put into words elsewhere, and its numbers.

    nothing_to_compare_with; left_out (people); too_few_people (people, needed); too_few_probes
    (probes, needed); few_strangers (strangers, fpir); rank1_worse, rank1_not_worse, dir_worse,
    dir_not_worse (candidate, active, difference, low, high as shares 0..1, and fpir with the last
    two). `against` says whether it speaks against the network.
    """

    code: str
    params: Mapping[str, float] = field(default_factory=dict)

    @property
    def against(self) -> bool:
        """Whether no network passes with this reason."""
        return self.code not in {"left_out", "few_strangers", "rank1_not_worse", "dir_not_worse"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, and why."""

    passed: bool
    reasons: tuple[Reason, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        reasons = [{"code": reason.code, "params": dict(reason.params)} for reason in self.reasons]
        return {"passed": self.passed, "reasons": reasons}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `as_dict` made."""
        reasons = tuple(Reason(one["code"], one["params"]) for one in values["reasons"])
        return cls(values["passed"], reasons)


def judge(
    candidate: HeldOut,
    active: HeldOut | None,
    *,
    known_to_active: Collection[str] = (),
    seed: int = 0,
    bootstraps: int = BOOTSTRAPS,
) -> Verdict:
    """Compare two networks at rank-1 and at DIR at FPIR 1 %, on the same photos.

    `known_to_active` are people whom the active network has been trained on: they would speak for
    it, and are left out. Too little evidence is a reason not to pass.

    Raises:
        ValueError: the two are not of the same photos.
    """
    if active is None:
        return _verdict(Reason("nothing_to_compare_with"))
    if candidate.labels != active.labels or not np.array_equal(candidate.owners, active.owners):
        raise ValueError("The two networks are to be compared on the same photos.")
    left_out = len(set(known_to_active) & set(candidate.labels))
    new, old = (one.without(known_to_active).limited(seed=seed) for one in (candidate, active))
    known = (Reason("left_out", {"people": left_out}),) if left_out else ()
    missing = _missing(new)
    return _verdict(*known, *(missing or _compared(new, old, seed, bootstraps)))


def by_hand(verdict: Verdict) -> Verdict:
    """The same of a network that answers by its own classes. What is compared is how it would
    answer by gallery, and it names other people than the one in service: no figure says whether
    that is wanted, so that a person has to."""
    return _verdict(Reason("answers_by_classes"), *verdict.reasons)


def _verdict(*reasons: Reason) -> Verdict:
    return Verdict(not any(reason.against for reason in reasons), reasons)


def _missing(held_out: HeldOut) -> tuple[Reason, ...]:
    people, probes = len(held_out.labels), held_out.probes
    reasons = []
    if people < PEOPLE_NEEDED:
        reasons.append(Reason("too_few_people", {"people": people, "needed": PEOPLE_NEEDED}))
    if probes < PROBES_NEEDED:
        reasons.append(Reason("too_few_probes", {"probes": probes, "needed": PROBES_NEEDED}))
    return tuple(reasons)


def _compared(new: HeldOut, old: HeldOut, seed: int, bootstraps: int) -> tuple[Reason, ...]:
    drawn = resampling.weights(len(new.labels), bootstraps=bootstraps, seed=seed)
    # The same seed draws the same galleries, since those depend on nothing but whose photos are.
    one, other = (search(each.embeddings, each.owners, seed=seed) for each in (new, old))
    rank1 = _reason("rank1", one.rank1(drawn), other.rank1(drawn))
    dir_ = _reason("dir", one.dir([FPIR], drawn)[:, 0], other.dir([FPIR], drawn)[:, 0], fpir=FPIR)
    strangers = len(new.owners)
    if strangers * FPIR < 1:
        return (rank1, dir_, Reason("few_strangers", {"strangers": strangers, "fpir": FPIR}))
    return (rank1, dir_)


def _reason(measure: str, new: Doubles, old: Doubles, **params: float) -> Reason:
    difference = Interval.of(new - old)
    if difference is None:
        raise ValueError("There is nothing to compare.")
    code = f"{measure}_worse" if difference.high < 0 else f"{measure}_not_worse"
    shares = {"candidate": float(new[0]), "active": float(old[0]), "difference": difference.value}
    ends = {"low": difference.low, "high": difference.high}
    return Reason(code, {**shares, **ends, **params})


_SENTENCES = {
    "answers_by_classes": gettext_noop(
        "It names the people it was trained on, whoever is enrolled. Whether that is wanted a "
        "comparison cannot tell, so that it goes into service by hand alone."
    ),
    "nothing_to_compare_with": gettext_noop(
        "No version is in service that it could be compared with."
    ),
    "worse": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. Worse, and not by chance: the "
        "difference is %(difference)s points, between %(low)s and %(high)s."
    ),
    "not_worse": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. Not worse beyond chance: the "
        "difference is %(difference)s points, between %(low)s and %(high)s."
    ),
}
_COUNTED = {
    "left_out": ngettext_noop(
        "%(people)d person was left out of the comparison: the version in service has learned "
        "them.",
        "%(people)d people were left out of the comparison: the version in service has learned "
        "them.",
    ),
    "too_few_people": ngettext_noop(
        "There is only %(people)d person whom neither version was trained on; %(needed)d are "
        "needed to judge by.",
        "There are only %(people)d people whom neither version was trained on; %(needed)d are "
        "needed to judge by.",
    ),
    "too_few_probes": ngettext_noop(
        "There is only %(probes)d photo to search for; %(needed)d are needed, of people with "
        "more than three.",
        "There are only %(probes)d photos to search for; %(needed)d are needed, of people with "
        "more than three.",
    ),
    "few_strangers": ngettext_noop(
        "FPIR %(fpir)s rests on no more than %(strangers)d photo of a stranger.",
        "FPIR %(fpir)s rests on no more than %(strangers)d photos of strangers.",
    ),
}
_COUNTS = {"too_few_probes": "probes", "few_strangers": "strangers"}
_RANK1, _DIR = gettext_noop("Rank 1"), gettext_noop("DIR at FPIR %(rate)s")


def in_words(verdict: Verdict) -> str:
    """The verdict for a terminal, a line for each reason."""
    outcome = "Passed the gate." if verdict.passed else "Did not pass the gate."
    return "\n".join([outcome, *(f"  {sentence(reason)}" for reason in verdict.reasons)])


def sentence(reason: Reason, language: Language = ENGLISH) -> str:
    """One reason for a reader; the code itself if it is of a newer facesite."""
    if "difference" in reason.params:
        compared = "worse" if reason.against else "not_worse"
        template = language.gettext(_SENTENCES[compared])
    elif reason.code in _COUNTED:
        count = int(reason.params[_COUNTS.get(reason.code, "people")])
        template = language.ngettext(*_COUNTED[reason.code], count)
    else:
        template = language.gettext(_SENTENCES.get(reason.code, reason.code))
    return template % _said(reason, language)


def _said(reason: Reason, language: Language) -> dict[str, object]:
    formats: dict[str, Callable[[float], str]] = {
        "fpir": language.rate,
        **dict.fromkeys(("candidate", "active"), language.percent),
        **dict.fromkeys(("difference", "low", "high"), language.points),
    }
    said = {
        name: formats[name](value) if name in formats else value
        for name, value in reason.params.items()
    }
    return {"measure": measured_by(reason, language), **said}


def measured_by(reason: Reason, language: Language = ENGLISH) -> str:
    """What a comparison compares."""
    if "fpir" not in reason.params:
        return language.gettext(_RANK1)
    return language.gettext(_DIR) % {"rate": language.rate(reason.params["fpir"])}
