"""What a training would do, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ml.training import retrain, splits
from recognition.management import estimate
from recognition.management.run_watcher import Quiet, RunWatcher
from recognition.models import TrainingRun
from recognition.services import training_runs, training_words
from recognition.services.training_options import Options


def look(row: TrainingRun, watcher: RunWatcher | Quiet) -> Iterator[str]:
    """Read the photos, time some steps, and tell. Nothing is written.

    Raises:
        DataError: see `ml.training.data`.
    """
    options = Options.of(row.arguments)
    job = training_runs.planned_job(row, options)
    source = training_runs.source_of(row, options)
    dataset = training_runs.read(source, options, watcher)
    split = splits.split(dataset, seed=options.seed, hold_out=options.hold_out)
    watcher.close()
    yield from training_words.material(dataset, split)
    yield from training_words.plan(job)
    yield training_words.precision(options.precision, job.mixed_precision)
    if isinstance(source, retrain.Roots) and source.mode == "aligned":
        yield "Photos on which no face is found will be left out too."
    seconds = round(estimate.seconds(job, split, len(dataset.photos)))
    yield f"The training itself would take about {timedelta(seconds=seconds)} on this machine now."
