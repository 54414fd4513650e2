"""What a training has come to, and its metrics as JSON."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml.architectures.recipe import Recipe
from ml.calibration import Calibration
from ml.data.dataset import Dataset
from ml.data.splits import Split
from ml.evaluation.closed_set import PARTS, ClosedSet
from ml.evaluation.groups import ByGroup
from ml.evaluation.held_out import Metrics
from ml.evaluation.own_classes import OwnClasses
from ml.evaluation.reliability import Reliability
from ml.evaluation.verdicts import Verdict
from ml.language import Language
from ml.training.events import Epoch


@dataclass(frozen=True, slots=True)
class Origin:
    """What a version is called, and where it comes from: the command that made it, the data by the
    names of folders, and the version whose weights it began with.

    `groups` is a CSV of labels and groups whose metrics are told apart as well, and `languages` are
    those in which the report is to be written beside English.
    """

    name: str
    command: str
    data: tuple[str, ...] = ()
    groups: Path | None = None
    parent: str | None = None
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took to train, `waiting` being the share of the time, 0..1, in which the network
    waited for photos; and what it takes to serve: one face, the files, the memory of a process."""

    seconds: float
    photos_per_second: float
    waiting: float
    milliseconds: float
    resident_mb: float
    bytes: int


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


@dataclass(frozen=True)
class Outcome:
    """Everything that is known of a new version. None is what it has not.

    `held_out` are its metrics on people who were held out, `in_service` those of the version
    `compared_with` on the same people, `packaged` those of the packaged one, where that is another;
    `measured_on` changes with those people and their photos. `libraries` has their versions by
    name.
    """

    recipe: Recipe
    origin: Origin
    dataset: Dataset
    split: Split
    history: tuple[Epoch, ...]
    closed_set: ClosedSet | None
    own_classes: OwnClasses | None
    held_out: Metrics | None
    reliability: Reliability | None
    groups: ByGroup | None
    cost: Cost
    compared_with: str | None
    verdict: Verdict | None
    in_service: Metrics | None
    packaged: Metrics | None
    measured_on: str | None
    calibration: Calibration
    libraries: Mapping[str, str]
    date: str = field(default_factory=_today)

    @property
    def precision(self) -> str:
        """What the training computed in; what is served is float32."""
        return self.recipe.policy

    def metrics(self) -> dict[str, Any]:
        """Everything as JSON; shares are 0..1."""
        return {
            "version": self.origin.name,
            "date": self.date,
            "closed_set": self.closed_set and _closed_set(self.closed_set),
            "own_classes": self.own_classes.summary() if self.own_classes else None,
            "held_out": self.held_out.summary() if self.held_out else None,
            "calibration": {
                "source": self.calibration.source,
                **(self.reliability.summary() if self.reliability else {}),
            },
            "groups": self.groups.summary() if self.groups else None,
            "compared_with": self.compared_with,
            "in_service": self.in_service.summary() if self.in_service else None,
            "packaged": self.packaged.summary() if self.packaged else None,
            "measured_on": self.measured_on,
            "gate": self.verdict.as_dict() if self.verdict else None,
            "cost": asdict(self.cost),
            "trained_on": _trained_on(self),
            "recipe": asdict(self.recipe),
            "precision": self.precision,
            "libraries": dict(self.libraries),
            "history": [asdict(epoch) for epoch in self.history],
        }


def _closed_set(closed_set: ClosedSet) -> dict[str, Any]:
    return {
        **closed_set.summary(),
        "per_class": [asdict(one) for one in closed_set.per_class()],
        "worst": [asdict(one) for one in closed_set.worst()],
        "confused": [asdict(one) for one in closed_set.most_confused()],
    }


def _trained_on(outcome: Outcome) -> dict[str, Any]:
    origin, dataset, split = outcome.origin, outcome.dataset, outcome.split
    return {
        "command": origin.command,
        "data": list(origin.data),
        "parent": origin.parent,
        "fingerprint": dataset.fingerprint,
        "seed": split.seed,
        "people": len(dataset.identities),
        "classes": len(split.labels),
        "photos": {part: len(getattr(split, part)) for part in PARTS},
        "held_out_people": len(split.held_out),
        "held_out": len(split.held_out_photos),
        "left_out": dict(dataset.left_out),
        "skipped": dict(Counter(skipped.reason for skipped in dataset.skipped)),
    }
