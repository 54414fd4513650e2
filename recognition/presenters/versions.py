"""Model versions as the pages show them: what they are, and how far a promotion has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from recognition.models import EnrolledFace, ModelVersion, Person, TrainingRun
from recognition.presenters.architectures import titled
from recognition.presenters.measures import Metrics, Verdict, verdict
from recognition.presenters.runs import source_in_words
from recognition.presenters.side_by_side import SideBySide
from recognition.services.gallery import classes, templates
from recognition.services.promotion import terms
from recognition.services.versions import registry

State = ModelVersion.State

SOME: Final = 10
"""People who are named in a sentence; of more it says how many there are."""
HEARD_WITHIN: Final = dt.timedelta(seconds=45)
"""A promotion that has been silent for longer waits for a worker that is away."""


@dataclass(frozen=True)
class Classes:
    """How many people of the gallery a version knows by its classes, how many of its classes are
    not there, and how many of the people it does not know."""

    named: int
    unnamed: int
    unknown: int
    some_unknown: Sequence[Person]

    @property
    def more_unknown(self) -> int:
        return self.unknown - len(self.some_unknown)

    @property
    def need_consent(self) -> bool:
        """Whether nobody comes into the gallery with a version who has not agreed."""
        return bool(settings.REQUIRE_CONSENT)


class VersionPage:
    """A version, and what a page about it has to show: also what was measured of it `beside` others
    alone, as of the packaged one."""

    def __init__(self, version: ModelVersion, beside: SideBySide | None = None) -> None:
        self.version = version
        self.beside = beside or SideBySide()
        self.metrics = Metrics(version, self.beside.metrics_of(version))

    @cached_property
    def compared(self) -> Metrics | None:
        """Its figures on the people by whom all versions are compared; None if there are none."""
        held_out = self.beside.figures.get(self.version.name)
        return Metrics(self.version, {"held_out": held_out}) if held_out else None

    @property
    def on_others(self) -> bool:
        """Whether it was measured, but on other people."""
        return self.compared is None and bool(self.metrics.held_out)

    @property
    def measured_beside(self) -> ModelVersion | None:
        """In whose training it was measured, if it had none of its own."""
        return self.beside.newest if self.compared and not self.version.metrics else None

    @property
    def architecture(self) -> object:
        return titled(self.version.architecture)

    @cached_property
    def verdict(self) -> Verdict | None:
        return verdict(self.version)

    @property
    def moving(self) -> bool:
        """Whether it goes into service as soon as all enrolled faces are embedded under it."""
        return self.version.promotion_requested_at is not None

    @property
    def state(self) -> str:
        """Changes when the page has to; a look that brings the same state gets no new page."""
        return f"{self.embedded}-{self.enrolled}-{int(self.worker_away)}"

    @property
    def worker_away(self) -> bool:
        heard = self.version.promotion_requested_at
        return heard is not None and heard < timezone.now() - HEARD_WITHIN

    @cached_property
    def enrolled(self) -> int:
        return EnrolledFace.objects.count()

    @cached_property
    def missing(self) -> int:
        """Enrolled faces that still have to be embedded under this version."""
        return templates.missing(self.version).count()

    @property
    def embedded(self) -> int:
        return self.enrolled - self.missing

    @property
    def embedded_share(self) -> float:
        return self.embedded / self.enrolled if self.enrolled else 1.0

    @cached_property
    def classes(self) -> Classes | None:
        """None of a version that answers by who is enrolled."""
        if self.version.answers_by == ModelVersion.AnswersBy.GALLERY:
            return None
        unknown = classes.unknown(self.version)
        return Classes(
            classes.named(self.version).count(),
            classes.without_person(self.version),
            unknown.count(),
            list(unknown[:SOME]),
        )

    @property
    def needs_reason(self) -> bool:
        """Whether it goes into service against the gate alone."""
        return terms.needs_reason(self.version)

    @property
    def can_promote(self) -> bool:
        return self.version.state != State.ACTIVE and not self.moving

    @property
    def can_roll_back(self) -> bool:
        return self.version.state == State.ACTIVE and self.version.replaced is not None

    @cached_property
    def has_report(self) -> bool:
        return registry.report(self.version).is_file()

    @cached_property
    def run(self) -> TrainingRun | None:
        return TrainingRun.objects.filter(version=self.version).first()

    @property
    def trained_on(self) -> str:
        """In words. The row of the training may be gone while the version stays."""
        return source_in_words(self.run.arguments if self.run else self.metrics.trained_on)


def as_json(version: Any, beside: SideBySide) -> dict[str, Any]:
    """A version of `registry.listed`, for programs."""
    return {
        "name": version.name,
        "state": version.state,
        "architecture": version.architecture,
        "answers_by": version.answers_by,
        "open_set": version.answers_by == "gallery" or version.open_set,
        "figures": version.metrics,
        "side_by_side": beside.figures.get(version.name),
        "gate": version.gate,
        "parent": version.parent.name if version.parent else None,
        "replaced": version.replaced.name if version.replaced else None,
        "created": version.created_at.isoformat(),
        "activated": version.activated_at.isoformat() if version.activated_at else None,
        "bytes": version.size,
        "erased_people": version.erased,
    }
