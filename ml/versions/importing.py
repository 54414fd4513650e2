"""A network that was trained elsewhere becomes a model version: read, checked, calibrated, sealed.

Its Keras form is absent: OpenVINO reads the file itself, and serves it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov

from ml import artifact
from ml.errors import ExportDisagrees, ImportRefused
from ml.evaluation.verification import Verification
from ml.files import require_room, writing
from ml.inference.engine import OpenVINOEngine
from ml.inference.export import MIN_AGREEMENT
from ml.language import number, percent, tell
from ml.openvino_core import core
from ml.threads import Progress
from ml.types import CROP_SIZE
from ml.versions import onnx
from ml.versions.checking import Evidence, Places, Trial
from ml.versions.convention import Convention, served, why

SOURCES: Final[Mapping[str, Callable[[Path], ov.Model]]] = {".onnx": onnx.read}
"""What reads the network, by the ending of its file."""
LARGEST: Final = 2**30
"""Bytes of a file: a larger network would leave a worker no memory."""
ENOUGH: Final = 0.75
"""Accuracy from which a network tells people apart."""
METRICS: Final = "report/metrics.json"


@dataclass(frozen=True, slots=True)
class Network:
    """A file, the name of the version that it becomes, and how it takes crops."""

    file: Path
    name: str
    convention: Convention


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
    say(tell("Reading %(file)s", file=network.file.name))
    original = read(network.file)
    convention = network.convention.as_read(original)
    model = served(original, convention)
    with (
        writing(places.models, tell("import it again")),
        artifact.writing(places.models, network.name) as directory,
        _run(),
    ):
        require_room(places.models, network.file.stat().st_size)
        _save(model, directory)
        manifest = _manifest(network, convention, model)
        trial = Trial(directory, manifest, evidence, places, progress)
        _require_agreement(model, trial)
        say(tell("Telling pairs of photos apart: %(count)s", count=number(len(evidence.pairs))))
        told_apart = trial.told_apart
        _require_enough(told_apart)
        say(tell("Calibrating it on people: %(count)s", count=number(len(trial.people.labels))))
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
        raise ImportRefused(
            tell(
                "%(file)s cannot be imported; what can ends in %(endings)s.",
                file=file,
                endings=", ".join(SOURCES),
            )
        )
    if not file.is_file():
        raise ImportRefused(tell("There is no file %(file)s.", file=file))
    if file.stat().st_size > LARGEST:
        size, most = file.stat().st_size / 2**30, LARGEST / 2**30
        raise ImportRefused(
            tell(
                "%(file)s has %(size)s GiB; the largest network has %(most)s GiB.",
                file=file,
                size=number(size, 1),
                most=number(most),
            )
        )
    return reader(file)


@contextmanager
def _run() -> Iterator[None]:
    """What OpenVINO has read it may still not be able to run."""
    try:
        yield
    except RuntimeError as error:
        raise ImportRefused(
            tell("The network cannot be run: %(reason)s.", reason=why(error))
        ) from error


def _save(model: ov.Model, directory: Path) -> None:
    """With float16 weights, as trained networks are."""
    path = directory / artifact.SERVING_MODEL
    path.parent.mkdir()
    ov.save_model(model, str(path), compress_to_fp16=True)


def _require_agreement(model: ov.Model, trial: Trial) -> None:
    """As it serves, several crops at a time and in the precision of this processor, it computes
    what it does in the file, crop by crop."""
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    exact = OpenVINOEngine(core().compile_model(model, "CPU", settings))
    alone = np.concatenate([exact.embed(crop[None]) for crop in trial.crops])
    agreement = float((alone * trial.engine.embed(trial.crops)).sum(axis=1).min())
    if not np.isfinite(alone).all():
        raise ImportRefused(tell("The network answers with what is not a number."))
    if not np.linalg.norm(alone, axis=1).all():
        raise ImportRefused(tell("The network answers with nothing but zeros."))
    if not agreement >= MIN_AGREEMENT:
        raise ExportDisagrees(
            tell(
                "Serving and the file agree to a cosine of only %(cosine)s.",
                cosine=number(agreement, 4),
            )
        )


def _require_enough(told_apart: Verification) -> None:
    accuracy, pairs = told_apart.summary()["accuracy"], len(told_apart.same)
    if not accuracy >= ENOUGH:
        raise ImportRefused(
            tell(
                "It tells nobody apart: %(share)s of %(pairs)s pairs of photos are judged "
                "correctly, and half of them would be by guessing. It is not a network for faces, "
                "or takes crops in another way: see --channels, --mean and --scale.",
                share=percent(accuracy),
                pairs=number(pairs),
            )
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


def _metrics(manifest: artifact.Manifest, trial: Trial) -> dict[str, Any]:
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
