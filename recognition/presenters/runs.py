"""Trainings as the pages show them: what a run is at, and how far it has come."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from ml.architectures import ARCHITECTURES
from ml.training.events import Epoch, Totals
from recognition.messages.photos import refusal as photo_refusal
from recognition.messages.training import training_error
from recognition.models import Person, Status, TrainingRun
from recognition.presenters.architectures import titled
from recognition.presenters.curves import Chart, charts
from recognition.presenters.measures import Metrics, Verdict, verdict

Phase = TrainingRun.Phase

BEGINS_WITHIN: Final = dt.timedelta(seconds=45)
"""A run that has waited for longer than this waits for a worker that is away, or its turn."""
HEARD_WITHIN: Final = dt.timedelta(minutes=1)
"""A run at work gives signs of life more often than this."""


@dataclass(frozen=True)
class Step:
    """One phase of a run: done, now, stopped or todo."""

    label: Any
    state: str


def source_in_words(arguments: Mapping[str, Any]) -> str:
    """What a run trains on, from its arguments or from what its version notes."""
    if arguments.get("from_site") or ("command" in arguments and not arguments["data"]):
        return _("the site’s own faces")
    return ", ".join(Path(folder).name for folder in arguments.get("data", ()))


class Following:
    """A run, and what a page that follows it has to show."""

    def __init__(self, run: TrainingRun, before: TrainingRun | None = None) -> None:
        self.run, self.before = run, before

    @property
    def waiting(self) -> bool:
        return not self.run.is_final

    @property
    def state(self) -> str:
        """Changes when the page has to; a look that brings the same state gets no new page."""
        run, step = self.run, self.run.progress
        seen = (run.status, run.phase, run.phase_done, len(run.history), step.get("epoch"))
        more = (step.get("done"), int(run.stop_requested), int(self.silent))
        return "-".join(str(part) for part in (*seen, *more))

    @property
    def interval(self) -> str:
        """How long the page waits between two looks."""
        return "3s" if self.run.status == Status.QUEUED or self.silent else "1s"

    @property
    def silent(self) -> bool:
        """Whether nobody has heard from the run for suspiciously long."""
        if self.run.status == Status.QUEUED:
            return self.run.created_at < timezone.now() - BEGINS_WITHIN
        heard = self.run.heartbeat_at or self.run.claimed_at
        return self.waiting and heard is not None and heard < timezone.now() - HEARD_WITHIN

    @cached_property
    def steps(self) -> list[Step]:
        phases = [phase for phase in Phase if self._has(phase)]
        if self.run.status == Status.DONE:
            return [Step(phase.label, "done") for phase in phases]
        at = next((i for i, phase in enumerate(phases) if phase == self.run.phase), -1)
        here = "stopped" if self.run.is_final else "now"
        return [
            Step(phase.label, "done" if i < at else here if i == at else "todo")
            for i, phase in enumerate(phases)
        ]

    def _has(self, phase: Phase) -> bool:
        """Whether the run goes through this phase: not every run has all."""
        if phase == self.run.phase:
            return True
        if phase == Phase.FEATURES:
            known = ARCHITECTURES.get(self.run.architecture)
            return known is not None and known.has_frozen_features
        return phase != Phase.EMBEDDING or self.run.promote == TrainingRun.Promote.AUTO

    @property
    def architecture(self) -> object:
        return titled(self.run.architecture)

    @property
    def trained_on(self) -> str:
        return source_in_words(self.run.arguments)

    @property
    def verdict(self) -> Verdict | None:
        """What the gate said of what came of it."""
        return verdict(self.run.version) if self.run.version else None

    @property
    def test(self) -> float | None:
        """Test accuracy of what came of it."""
        return Metrics(self.run.version).test

    @property
    def precision(self) -> str:
        return self.run.precision.removeprefix("mixed_")

    @property
    def stopped(self) -> bool:
        return self.run.status == Status.FAILED and self.run.error_code == "stopped"

    @property
    def can_stop(self) -> bool:
        return self.waiting and not self.run.stop_requested

    @property
    def can_resume(self) -> bool:
        return self.run.status == Status.FAILED

    @property
    def failure(self) -> str:
        return training_error(self.run.error_code)

    @cached_property
    def refused_photos(self) -> dict[str, list[str]]:
        """Files that are not trained on, by the reason."""
        files: dict[str, list[str]] = defaultdict(list)
        for one in self.run.skipped:
            if "path" in one:
                files[photo_refusal(one["reason"])].append("/".join(Path(one["path"]).parts[-2:]))
        return dict(files)

    @property
    def refused_count(self) -> int:
        return sum(len(files) for files in self.refused_photos.values())

    @cached_property
    def left_out_people(self) -> list[tuple[str, int]]:
        """Who has too few photos, and how many they are."""
        people = [(one["person"], one["photos"]) for one in self.run.skipped if "person" in one]
        if not self.run.arguments.get("from_site"):
            return people
        # The site's own people are numbers to a training; who is gone stays one.
        names = Person.objects.in_bulk([int(number) for number, _photos in people])
        return [(str(names.get(int(number), f"№ {number}")), photos) for number, photos in people]

    @property
    def minimum(self) -> int:
        return int(self.run.arguments.get("minimum", 0))

    @property
    def notes(self) -> list[str]:
        """What the process had to say, in its own words, in the language of the site."""
        return self.run.message.splitlines()

    @property
    def share(self) -> float | None:
        """How much of the phase is done, 0..1; None where nobody can tell."""
        step = self.run.progress
        if self.run.phase == Phase.TRAINING and step.get("epochs"):
            through = step["done"] / step["total"] if step["total"] else 0.0
            return min(1.0, float((step["epoch"] - 1 + through) / step["epochs"]))
        if self.run.phase_total:
            return min(1.0, self.run.phase_done / self.run.phase_total)
        return None

    @property
    def is_training(self) -> bool:
        return self.run.phase == Phase.TRAINING and bool(self.run.progress)

    @property
    def begun(self) -> bool:
        """Whether there is anything of it to show."""
        return self.is_training or bool(self.run.history)

    @cached_property
    def totals(self) -> Totals:
        """The totals of all epochs that have ended."""
        return Totals.of([Epoch(**epoch) for epoch in self.run.history])

    @cached_property
    def charts(self) -> list[Chart]:
        return charts(self.run.history, self.run.progress, self.stages)

    @cached_property
    def stages(self) -> list[int]:
        """How many epochs each stage takes."""
        return [stage["epochs"] for stage in self.run.arguments.get("recipe", {}).get("stages", ())]
