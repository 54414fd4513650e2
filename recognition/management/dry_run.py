"""What a training would do, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from ml.architectures.recipe import Recipe
from ml.data import splits
from ml.data.dataset import Dataset
from ml.training import estimate
from ml.training.events import Callback
from recognition.models import TrainingRun
from recognition.presenters import payoff
from recognition.presenters.payoff import Payoff
from recognition.services.training import making, words
from recognition.services.training.options import DataOptions, given


@dataclass(frozen=True)
class Look:
    """What is planned on what there is. `seconds` are those of the training itself, and `payoff` is
    what photos and trainings bring here, where the site's own faces are trained on."""

    row: TrainingRun
    recipe: Recipe
    dataset: Dataset
    split: splits.Split
    seconds: float
    payoff: Payoff | None = None

    def as_dict(self) -> dict[str, Any]:
        """See `manage.py retrain --dry-run --json` in docs/training.md."""
        recipe, split = self.recipe, self.split
        parts = {part: len(getattr(split, part)) for part in splits.PARTS}
        return {
            "architecture": recipe.architecture,
            "people": len(split.labels),
            "photos": {**parts, "held_out": len(split.held_out_photos)},
            "held_out": len(split.held_out),
            "left_out": len(self.dataset.left_out),
            "skipped": len(self.dataset.skipped),
            "stages": [asdict(stage) for stage in recipe.stages],
            "batch": recipe.batch,
            "input_size": recipe.input_size,
            "augmentations": list(recipe.augmentations),
            "precision": recipe.precision,
            "seconds": self.seconds,
            "payoff": self.payoff and self.payoff.as_dict(),
        }

    def in_words(self) -> Iterator[str]:
        """For a terminal."""
        options = DataOptions.of(self.row.arguments)
        asked = given(self.row.arguments).get("precision", "auto")
        yield from words.material(self.dataset, self.split)
        yield from words.plan(self.recipe)
        yield words.precision(asked, self.recipe.precision)
        if not options.from_site and options.crops == "aligned":
            yield _("Photos in which no face is found will be left out, too.")
        time = timedelta(seconds=round(self.seconds))
        yield _("The training itself would take about %s on this machine now.") % time


def look(row: TrainingRun, callback: Callback) -> Look:
    """Read the photos, and time some steps. Nothing is kept.

    Raises:
        DataError: see `ml.data.dataset`.
    """
    options, recipe = DataOptions.of(row.arguments), making.planned_recipe(row)
    with TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as place:
        source = making.source_now(options, Path(place))
        dataset = making.read(source, options, callback)
    split = splits.split(dataset, seed=recipe.seed, hold_out=options.hold_out)
    seconds = estimate.seconds(recipe, split, len(dataset.photos))
    pays = payoff.of_this_site() if options.from_site else None
    return Look(row, recipe, dataset, split, seconds, pays)
