"""A network that was trained elsewhere becomes a model version: read, checked, calibrated, sealed.

Its Keras form is absent: OpenVINO reads the file itself, and serves it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov

from ml import artifact, imaging
from ml.calibration import Calibration
from ml.detection import Detector
from ml.errors import ExportDisagrees, ImportRefused, PhotoRejected
from ml.evaluation import fitting, verification
from ml.evaluation.cache import FaceCache, FoundFace
from ml.evaluation.datasets import Pair
from ml.evaluation.faces import find_faces, main_face
from ml.evaluation.samples import Embeddings, HeldOut
from ml.evaluation.verification import Verification
from ml.files import require_room, writing
from ml.inference.engine import OpenVINOEngine
from ml.inference.export import MIN_AGREEMENT
from ml.inference.recognizer import Recognizer
from ml.language import percent
from ml.threads import Progress
from ml.types import CROP_SIZE, Image
from ml.versions import onnx
from ml.versions.convention import Convention, served, why

SOURCES: Final[Mapping[str, Callable[[Path], ov.Model]]] = {".onnx": onnx.read}
"""What reads the network, by the ending of its file."""
LARGEST: Final = 2**30
"""Bytes of a file: a larger network would leave a worker no memory."""
ENOUGH: Final = 0.75
"""Accuracy from which a network tells people apart. Of pairs of the demo people, bare pixels get up
to 69 % right and networks with random weights 55 to 65 %."""
CROPS_COMPARED: Final = 16
METRICS: Final = "report/metrics.json"


@dataclass(frozen=True, slots=True)
class Network:
    """A file, the name of the version that it becomes, and how it takes crops."""

    file: Path
    name: str
    convention: Convention


@dataclass(frozen=True, slots=True)
class Evidence:
    """Photos of people: `pairs` that the network has to tell apart, and `people` that it is
    calibrated on. `source` says of both, as JSON, whose they are."""

    pairs: Sequence[Pair]
    people: Mapping[str, Sequence[Path]]
    source: Mapping[str, Any]

    @property
    def photos(self) -> list[Path]:
        """All of them, once each."""
        paired = [photo for pair in self.pairs for photo in (pair.first, pair.second)]
        return list(dict.fromkeys([*paired, *self._of_people]))

    @property
    def _of_people(self) -> list[Path]:
        return [photo for photos in self.people.values() for photo in photos]


@dataclass(frozen=True, slots=True)
class Places:
    """Where versions and found faces lie. `active` is the folder of the version in service, from
    which a calibration is carried over."""

    models: Path
    cache: Path
    active: Path


@dataclass(frozen=True, slots=True)
class Imported:
    """The finished version, and what was measured of it."""

    manifest: artifact.Manifest
    metrics: Mapping[str, Any]


def import_network(
    network: Network,
    evidence: Evidence,
    places: Places,
    say: Callable[[str], None] = lambda _step: None,
    progress: Progress = lambda _done, _total: None,
) -> Imported:
    """Make a model version of a network in the convention of ArcFace. Whatever goes wrong, nothing
    of it is left.

    `say` is told each step in a few words, `progress` how many photos are looked at.

    Raises:
        ImportRefused: it is no such network, or tells nobody apart.
        ExportDisagrees: the form that serves does not compute what the file does.
        ArtifactError: the version in service, or the packaged detector, cannot be loaded.
        Unwritable: there is no room.
    """
    say(f"Reading {network.file.name}")
    original = read(network.file)
    convention = network.convention.as_read(original)
    model = served(original, convention)
    with (
        writing(places.models, "import it again"),
        artifact.writing(places.models, network.name) as directory,
        _run(),
    ):
        require_room(places.models, network.file.stat().st_size)
        _save(model, directory)
        manifest = _manifest(network, convention, model)
        trial = _Trial(directory, manifest, evidence, places, progress)
        _require_agreement(model, trial)
        say(f"Telling {len(evidence.pairs):,} pairs of photos apart")
        told_apart = trial.told_apart
        _require_enough(told_apart)
        say(f"Calibrating it on {len(trial.people.labels):,} people")
        trial.calibration.save(directory / artifact.CALIBRATION)
        metrics = _metrics(manifest, trial)
        _write(directory / METRICS, {"version": network.name, "made": manifest.created, **metrics})
        return Imported(artifact.seal(directory, manifest), metrics)


def read(file: Path) -> ov.Model:
    """The network in a file of any kind that can be imported.

    Raises:
        ImportRefused: it is of no such kind, too large, or damaged.
    """
    reader = SOURCES.get(file.suffix.lower())
    if reader is None:
        raise ImportRefused(f"{file} cannot be imported; what can ends in {', '.join(SOURCES)}.")
    if not file.is_file():
        raise ImportRefused(f"There is no file {file}.")
    if file.stat().st_size > LARGEST:
        size, most = file.stat().st_size / 2**30, LARGEST / 2**30
        raise ImportRefused(f"{file} has {size:,.1f} GiB; the largest network has {most:,.0f} GiB.")
    return reader(file)


@contextmanager
def _run() -> Iterator[None]:
    """What OpenVINO has read it may still not be able to run."""
    try:
        yield
    except RuntimeError as error:
        raise ImportRefused(f"The network cannot be run: {why(error)}.") from error


class _Trial:
    """A network that is not a version yet, asked about photos beside the version in service."""

    def __init__(
        self,
        directory: Path,
        manifest: artifact.Manifest,
        evidence: Evidence,
        places: Places,
        progress: Progress,
    ) -> None:
        self._evidence, self._places, self._progress = evidence, places, progress
        self.engine = OpenVINOEngine.load(directory)
        self._in_service = Calibration.load(places.active / artifact.CALIBRATION)
        self._recognizer = Recognizer(manifest, self._in_service, Detector.load(), self.engine)
        self._digest = artifact.sha256((directory / artifact.SERVING_MODEL).with_suffix(".bin"))

    @cached_property
    def crops(self) -> Image:
        """Some faces of the photos, (N, 112, 112, 3) uint8 RGB."""
        photos = _readable(self._evidence.photos)
        seen = (main_face(self._recognizer.recognize(one).faces, one) for one in photos)
        found = list(islice((face.crop for face in seen if face), CROPS_COMPARED))
        if not found:
            raise ImportRefused("There is no face on the photos that it is to be checked on.")
        return np.stack(found)

    @cached_property
    def told_apart(self) -> Verification:
        """How it tells the pairs apart."""
        pairs, faces = self._evidence.pairs, self._faces
        seen = [pair for pair in pairs if faces[pair.first] and faces[pair.second]]
        if 2 * len(seen) < len(pairs):
            raise ImportRefused(
                f"On {len(pairs) - len(seen):,} of {len(pairs):,} pairs of photos no face is found."
            )
        return verification.verify(pairs, faces)

    @cached_property
    def people(self) -> HeldOut:
        """The people to calibrate it on, as far as a face is seen on their photos."""
        return _people(self._evidence.people, self._faces)

    @cached_property
    def calibration(self) -> Calibration:
        """Fitted to the people, or with too few of them carried over from the one in service."""
        source = {**self._evidence.source, "people": len(self.people.labels)}
        if len(self.people.labels) >= fitting.PEOPLE_NEEDED:
            return fitting.fit(self.people.people, source)
        return fitting.carried_over(self._in_service, self._before, self.people, source)

    @cached_property
    def _before(self) -> HeldOut:
        active = Recognizer.load(self._places.active)
        photos = [photo for photos in self._evidence.people.values() for photo in photos]
        digest = artifact.read_manifest(self._places.active).digest
        return _people(self._evidence.people, self._look(photos, active, digest))

    @cached_property
    def _faces(self) -> dict[Path, FoundFace | None]:
        return self._look(self._evidence.photos, self._recognizer, self._digest)

    def _look(
        self, photos: Sequence[Path], recognizer: Recognizer, digest: str
    ) -> dict[Path, FoundFace | None]:
        with FaceCache.open(self._places.cache, digest, "openvino") as cache:
            return find_faces(photos, recognizer, cache, self._progress)


def _people(
    people: Mapping[str, Sequence[Path]], faces: Mapping[Path, FoundFace | None]
) -> HeldOut:
    found = {
        name: [face for one in people[name] if (face := faces[one])] for name in sorted(people)
    }
    found = {name: theirs for name, theirs in found.items() if theirs}
    if len(found) < 2:
        raise ImportRefused("It takes two people or more with a face on a photo to calibrate it.")
    both = [(face.embedding, face.template) for theirs in found.values() for face in theirs]
    probes, templates = (np.stack(column) for column in zip(*both, strict=True))
    owners = np.repeat(np.arange(len(found)), [len(theirs) for theirs in found.values()])
    return HeldOut(tuple(found), Embeddings(probes, templates), owners)


def _readable(photos: Sequence[Path]) -> Iterator[Image]:
    for photo in photos:
        with suppress(PhotoRejected):
            yield imaging.decode(photo.read_bytes())


def _save(model: ov.Model, directory: Path) -> None:
    """With float16 weights, as trained networks are."""
    path = directory / artifact.SERVING_MODEL
    path.parent.mkdir()
    ov.save_model(model, str(path), compress_to_fp16=True)


def _require_agreement(model: ov.Model, trial: _Trial) -> None:
    """As it serves, several crops at a time and in the precision of this processor, it computes
    what it does in the file, crop by crop."""
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    exact = OpenVINOEngine(ov.Core().compile_model(model, "CPU", settings))
    alone = np.concatenate([exact.embed(crop[None]) for crop in trial.crops])
    agreement = float((alone * trial.engine.embed(trial.crops)).sum(axis=1).min())
    if not np.isfinite(alone).all():
        raise ImportRefused("The network answers with what is no number.")
    if not np.linalg.norm(alone, axis=1).all():
        raise ImportRefused("The network answers with zeros alone.")
    if not agreement >= MIN_AGREEMENT:
        raise ExportDisagrees(f"Serving and the file agree to a cosine of only {agreement:.4f}.")


def _require_enough(told_apart: Verification) -> None:
    accuracy, pairs = told_apart.summary()["accuracy"], len(told_apart.same)
    if not accuracy >= ENOUGH:
        raise ImportRefused(
            f"It tells nobody apart: {percent(accuracy)} of {pairs:,} pairs of photos are judged "
            "rightly, and half of them by guessing. It is no network for faces, or takes crops "
            "otherwise: see --channels, --mean and --scale."
        )


def _manifest(network: Network, convention: Convention, model: ov.Model) -> artifact.Manifest:
    return artifact.Manifest(
        version=network.name,
        architecture=artifact.IMPORTED,
        input_size=CROP_SIZE,
        embedding_size=model.output(0).get_partial_shape()[1].get_length(),
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        dataset={
            "weights": network.file.name,
            "sha256": artifact.sha256(network.file),
            "convention": convention.as_dict(),
        },
        libraries={name: version(name) for name in ("openvino", "numpy")},
        keras=False,
    )


def _metrics(manifest: artifact.Manifest, trial: _Trial) -> dict[str, Any]:
    source = trial.calibration.source
    fitted = "carried_over" not in source
    return {
        "imported": dict(manifest.dataset),
        "verification": trial.told_apart.summary(),
        "calibration": {**source, "fitted": fitted},
    }


def _write(path: Path, values: Mapping[str, Any]) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
