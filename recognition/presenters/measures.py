"""What was measured of a model version, and how the gate judged, in the words of the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.evaluation.verdicts import Outcome
from ml.evaluation.verdicts import Verdict as Said
from recognition.formats import rate
from recognition.messages.versions import gate_outcome, gate_reason
from recognition.models import ModelVersion

Json = Mapping[str, Any]

CLOSED_SET: Final = {
    "train": gettext_lazy("Photos it was trained on"),
    "validation": gettext_lazy("Photos it was validated with"),
    "test": gettext_lazy("Test photos"),
    "top5": gettext_lazy("Test photos, the right one among the first five"),
}


@dataclass(frozen=True)
class Measure:
    """A share of something, 0..1, with its 95 % interval where there is one.

    `in_service` is that of the version it was compared with, on the same photos.
    """

    label: object
    value: float
    low: float | None = None
    high: float | None = None
    in_service: float | None = None


@dataclass(frozen=True)
class Group:
    """Measures of one kind, and what kind that is."""

    title: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Verdict:
    """How the gate judged, in words."""

    outcome: Outcome
    title: str
    passed: bool
    reasons: tuple[str, ...]
    against: str


class Metrics:
    """All that was measured of a version; nothing, of one that came with the site."""

    def __init__(self, version: ModelVersion | None, metrics: Json | None = None) -> None:
        metrics = metrics or (version.metrics if version else {})
        self.closed: Json = metrics.get("closed_set") or {}
        by_classes = version and version.answers_by == ModelVersion.AnswersBy.CLASSES
        self.own_classes: Json = (by_classes and metrics.get("own_classes")) or {}
        self.held_out: Json = metrics.get("held_out") or {}
        self.in_service: Json = metrics.get("in_service") or {}
        self.cost: Json = metrics.get("cost") or {}
        self.trained_on: Json = metrics.get("trained_on") or {}
        self.imported: Json = metrics.get("imported") or {}
        self.verification: Json = metrics.get("verification") or {}
        self.calibration: Json = metrics.get("calibration") or {}

    def __bool__(self) -> bool:
        return bool(self.closed or self.held_out or self.imported)

    @property
    def rank1(self) -> float | None:
        return _value(self.held_out.get("rank1"))

    @property
    def dir(self) -> float | None:
        return _value(self.held_out.get("dir", {}).get("0.01"))

    @property
    def test(self) -> float | None:
        return self.closed.get("test")

    @property
    def headline(self) -> list[tuple[object, float]]:
        shown = (
            (_("Rank 1"), self.rank1),
            (_("DIR at FPIR %(rate)s") % {"rate": rate(0.01)}, self.dir),
            (_("Test accuracy"), self.test),
        )
        return [(label, value) for label, value in shown if value is not None]

    @property
    def seen(self) -> list[Measure]:
        """The shares that are right of photos of people it was trained on."""
        closed = [
            Measure(label, self.closed[part])
            for part, label in CLOSED_SET.items()
            if self.closed.get(part) is not None
        ]
        return [*closed, *self._seen_as_open_set()]

    def _seen_as_open_set(self) -> Iterator[Measure]:
        for at, share in self.open_set:
            words = _("Test photos, where %(rate)s of strangers are named")
            yield Measure(words % {"rate": rate(at)}, share)

    @property
    def open_set(self) -> list[tuple[float, float]]:
        """Of a version that answers by its own classes: the share of test photos that is named
        rightly where so many strangers are."""
        found = self.own_classes.get("dir", {})
        return [(float(at), share) for at, share in found.items() if share is not None]

    @property
    def unseen(self) -> list[Group]:
        """The measures on people who were held out of the training."""
        groups = (
            (_("The right person comes out first among all who are enrolled"), self._rank1()),
            (
                _(
                    "Enrolled people named correctly, at a given rate of strangers named (DIR at "
                    "FPIR)"
                ),
                self._at_rates("dir"),
            ),
            (
                _(
                    "Pairs of one person accepted, at a given rate of pairs of two people "
                    "accepted (TAR at FAR)"
                ),
                self._at_rates("tar"),
            ),
        )
        filled = [Group(title, tuple(measures)) for title, measures in groups]
        return [group for group in filled if group.measures]

    def _rank1(self) -> Iterator[Measure]:
        if found := self.held_out.get("rank1"):
            before = _value(self.in_service.get("rank1"))
            yield Measure(_("rank 1"), **found, in_service=before)

    def _at_rates(self, name: str) -> Iterator[Measure]:
        before = self.in_service.get(name, {})
        for at, found in self.held_out.get(name, {}).items():
            if found:
                words = _("at %(rate)s") % {"rate": rate(float(at))}
                yield Measure(words, **found, in_service=_value(before.get(at)))


def verdict(version: ModelVersion) -> Verdict | None:
    """None if the version never went through the gate."""
    if not version.gate:
        return None
    said = Said.from_dict(version.gate)
    reasons = tuple(gate_reason(reason.code, reason.params) for reason in said.reasons)
    against = version.gate.get("against", "")
    return Verdict(said.outcome, gate_outcome(said.outcome), said.passed, reasons, against)


def _value(found: Json | None) -> float | None:
    return None if found is None else found["value"]
