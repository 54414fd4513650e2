"""What the gate says of a network, with its reasons, as JSON and in words. Loads nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

from ml.language import ENGLISH, Language, gettext_noop, ngettext_noop

Outcome = Literal["better", "as_good", "worse", "cannot_tell"]
"""better: more people are named rightly than by the version in service, beyond chance. as_good:
no more than a point fewer. worse: fewer, beyond chance. cannot_tell: the people held out are too
few to say any of these."""
PASSES: Final = ("better", "as_good")
"""The outcomes with which a version may go into service without a reason; by itself, better alone.
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the grounds of a verdict: a code that is put into words elsewhere, and its numbers.

    answers_by_classes; nothing_to_compare_with; left_out (people); too_few_people (people, needed);
    too_few_probes (probes, needed); few_strangers (strangers, fpir); tries (tries, level);
    needed (people, photos, seen); rank1_better, rank1_as_good, rank1_worse, rank1_unclear and the
    same with dir (candidate, active, difference, low, high as shares 0..1, level, and fpir of dir).
    Earlier versions have rank1_not_worse and dir_not_worse too, and no level.
    """

    code: str
    params: Mapping[str, float] = field(default_factory=dict)

    @property
    def finding(self) -> str:
        """What a comparison has found: better, as_good, worse, unclear. "" of what is none."""
        return self.code.partition("_")[2] if "difference" in self.params else ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, and why."""

    outcome: Outcome
    reasons: tuple[Reason, ...]

    @property
    def passed(self) -> bool:
        """Whether the version may go into service without a reason of somebody's."""
        return self.outcome in PASSES

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        reasons = [{"code": reason.code, "params": dict(reason.params)} for reason in self.reasons]
        return {"passed": self.passed, "outcome": self.outcome, "reasons": reasons}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `as_dict` made, also that of an earlier facesite, which knew of no outcome."""
        reasons = tuple(Reason(one["code"], one["params"]) for one in values["reasons"])
        return cls(values.get("outcome") or _outcome_of(values["passed"], reasons), reasons)


def _outcome_of(passed: bool, reasons: tuple[Reason, ...]) -> Outcome:
    """It let pass whatever was not worse beyond chance, so that no more than that is known."""
    if any(reason.finding == "worse" for reason in reasons):
        return "worse"
    return "as_good" if passed else "cannot_tell"


TITLES: Final[Mapping[Outcome, str]] = {
    "better": gettext_noop("Better than the version in service"),
    "as_good": gettext_noop("As good as the version in service"),
    "worse": gettext_noop("Worse than the version in service"),
    "cannot_tell": gettext_noop("Cannot tell whether it is as good"),
}
_CONSEQUENCES: Final[Mapping[Outcome, str]] = {
    "better": gettext_noop("It passed the gate."),
    "as_good": gettext_noop(
        "It passed the gate, and goes into service by hand alone: there is no gain."
    ),
    "worse": gettext_noop("It did not pass the gate."),
    "cannot_tell": gettext_noop("It did not pass the gate."),
}
_INTERVAL = gettext_noop(
    "The difference is %(difference)s points, between %(low)s and %(high)s, each end at "
    "%(level)s certainty."
)
_FINDINGS = {
    "better": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. Better by more than chance."
    ),
    "as_good": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. As good: not worse by a point or more."
    ),
    "worse": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. Worse by more than chance."
    ),
    "unclear": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. The difference may be chance."
    ),
    "not_worse": gettext_noop(
        "%(measure)s: %(candidate)s against %(active)s. Not worse by more than chance, as judged "
        "by an earlier facesite."
    ),
}
_SENTENCES = {
    "answers_by_classes": gettext_noop(
        "It names the people it was trained on, whoever is enrolled. No comparison can tell "
        "whether that is wanted, so it can only be put into service by hand."
    ),
    "nothing_to_compare_with": gettext_noop(
        "No version is in service that it could be compared with."
    ),
    "tries": gettext_noop(
        "This is version number %(tries)d to be judged on these people. The best of many tries "
        "may look good by luck, so more certainty is required: %(level)s."
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
        "There is only %(people)d person that neither version was trained on; %(needed)d are "
        "needed to judge by.",
        "There are only %(people)d people that neither version was trained on; %(needed)d are "
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
    "needed": ngettext_noop(
        "To tell a difference of one point takes about %(people)d person held out, with "
        "%(photos)d photos in all; there were %(seen)d.",
        "To tell a difference of one point takes about %(people)d people held out, with "
        "%(photos)d photos in all; there were %(seen)d.",
    ),
}
_COUNTS = {"too_few_probes": "probes", "few_strangers": "strangers"}
_RANK1, _DIR = gettext_noop("Rank 1"), gettext_noop("DIR at FPIR %(rate)s")


def in_words(verdict: Verdict, language: Language = ENGLISH) -> str:
    """The verdict for a terminal, a line for each reason."""
    said = language.gettext(TITLES[verdict.outcome])
    outcome = f"{said}. {language.gettext(_CONSEQUENCES[verdict.outcome])}"
    return "\n".join([outcome, *(f"  {sentence(one, language)}" for one in verdict.reasons)])


def sentence(reason: Reason, language: Language = ENGLISH) -> str:
    """One reason for a reader; the code itself if it is of a newer facesite."""
    said = _said(reason, language)
    if reason.finding in _FINDINGS:
        found = language.gettext(_FINDINGS[reason.finding])
        interval = language.gettext(_INTERVAL)
        return f"{found} {interval}" % said
    if reason.code in _COUNTED:
        count = int(reason.params[_COUNTS.get(reason.code, "people")])
        return language.ngettext(*_COUNTED[reason.code], count) % said
    return language.gettext(_SENTENCES.get(reason.code, reason.code)) % said


def _said(reason: Reason, language: Language) -> dict[str, object]:
    formats: dict[str, Callable[[float], str]] = {
        **dict.fromkeys(("fpir", "level"), language.rate),
        **dict.fromkeys(("candidate", "active"), language.percent),
        **dict.fromkeys(("difference", "low", "high"), language.points),
    }
    # Of an earlier facesite: the ends of a two-sided interval of 95 %.
    values = {"level": 0.975, **reason.params}
    said = {
        name: formats[name](value) if name in formats else value for name, value in values.items()
    }
    return {"measure": measured_by(reason, language), **said}


def measured_by(reason: Reason, language: Language = ENGLISH) -> str:
    """What a comparison compares."""
    if "fpir" not in reason.params:
        return language.gettext(_RANK1)
    return language.gettext(_DIR) % {"rate": language.rate(reason.params["fpir"])}
