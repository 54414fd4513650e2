"""Before somebody trains: what more photos would bring here, and what trainings have brought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ml.evaluation.more_photos import MorePhotos
from ml.evaluation.resampling import Interval
from ml.evaluation.verdicts import Verdict
from recognition.messages import payoff
from recognition.models import ModelVersion, Status, TrainingRun
from recognition.services.gallery import reviewed, worth

LAST: Final = 5
"""Trainings that are told of."""


@dataclass(frozen=True)
class Trained:
    """A version that was trained on the site's own faces, and by how much its DIR at FPIR 1 % was
    another than that of the version in service then, on people neither had learned."""

    name: str
    difference: Interval


@dataclass(frozen=True)
class Payoff:
    """What more photos bring, how many only wait to be enrolled, and what trainings brought."""

    more_photos: MorePhotos | None
    reviewed: int
    trained: tuple[Trained, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: `payoff` of `manage.py retrain --dry-run` in docs/training.md."""
        return {
            "more_photos": self.more_photos and self.more_photos.as_dict(),
            "reviewed": self.reviewed,
            "trained": [
                {"version": one.name, "dir": one.difference.as_dict()} for one in self.trained
            ],
        }

    @property
    def photos_in_words(self) -> list[str]:
        """What photos bring."""
        return [payoff.more_photos(self.more_photos), payoff.reviewed(self.reviewed)]

    @property
    def trainings_in_words(self) -> list[str]:
        """What trainings brought, here, the last one first, and elsewhere."""
        told = [payoff.trained(one.name, one.difference) for one in self.trained]
        return [*(told or [payoff.nothing_trained()]), payoff.elsewhere()]


def of_this_site() -> Payoff:
    """As it is now."""
    return Payoff(
        worth.of_more_photos(), reviewed.enrollable().count(), tuple(islice(_trained(), LAST))
    )


def _trained() -> Iterator[Trained]:
    runs = TrainingRun.objects.filter(status=Status.DONE, arguments__from_site=True)
    versions = ModelVersion.objects.filter(training_run__in=runs).order_by("-created_at")
    for version in versions.iterator():
        difference = _difference(version)
        if difference is not None:
            yield Trained(version.name, difference)


def _difference(version: ModelVersion) -> Interval | None:
    """None if too little was known to compare it."""
    reasons = Verdict.from_dict(version.gate).reasons if version.gate else ()
    for found in (reason.params for reason in reasons):
        if "fpir" in found and "difference" in found:
            return Interval(found["difference"], found["low"], found["high"])
    return None
