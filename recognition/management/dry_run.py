"""What a training would do, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ml.data import splits
from ml.data.dataset import Dataset
from ml.training import estimate
from ml.training.recipe import Job
from recognition.management.terminal import Interruptible
from recognition.models import TrainingRun
from recognition.services.training import making, words
from recognition.services.training.options import Options


@dataclass(frozen=True)
class Look:
    """What is planned on what there is. `seconds` are those of the training itself."""

    options: Options
    job: Job
    dataset: Dataset
    split: splits.Split
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """See `manage.py retrain --dry-run --json` in docs/training.md."""
        job, split = self.job, self.split
        parts = {part: len(getattr(split, part)) for part in splits.PARTS}
        return {
            "architecture": job.architecture,
            "people": len(split.labels),
            "photos": {**parts, "held_out": len(split.held_out_photos)},
            "held_out": len(split.held_out),
            "left_out": len(self.dataset.left_out),
            "skipped": len(self.dataset.skipped),
            "stages": [asdict(stage) for stage in job.stages],
            "batch": job.batch,
            "input_size": job.input_size,
            "augmentations": list(job.augmentations),
            "precision": "bfloat16" if job.mixed_precision else "float32",
            "seconds": self.seconds,
        }

    def in_words(self) -> Iterator[str]:
        """For a terminal."""
        yield from words.material(self.dataset, self.split)
        yield from words.plan(self.job)
        yield words.precision(self.options.precision, self.job.mixed_precision)
        if not self.options.from_site and self.options.crops == "aligned":
            yield "Photos on which no face is found will be left out too."
        time = timedelta(seconds=round(self.seconds))
        yield f"The training itself would take about {time} on this machine now."


def look(row: TrainingRun, watcher: Interruptible) -> Look:
    """Read the photos, and time some steps. Nothing is written.

    Raises:
        DataError: see `ml.data.dataset`.
    """
    options = Options.of(row.arguments)
    job = making.planned_job(row, options)
    dataset = making.read(making.source_of(row, options), options, watcher)
    split = splits.split(dataset, seed=options.seed, hold_out=options.hold_out)
    watcher.close()
    seconds = estimate.seconds(job, split, len(dataset.photos))
    return Look(options, job, dataset, split, seconds)
