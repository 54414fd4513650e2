"""Several ways to recognise faces, each learned and measured on the very same photos."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ml import provenance
from ml.architectures.recipe import Recipe
from ml.data.crops import Crops
from ml.data.dataset import Ints
from ml.data.splits import Split
from ml.evaluation import closed_set, speed, timing
from ml.evaluation.closed_set import PARTS
from ml.evaluation.held_out import metrics
from ml.evaluation.samples import Embeddings, HeldOut
from ml.experiments.eigenfaces import Eigenfaces
from ml.files import write_whole
from ml.inference import engine
from ml.inference.export import CROPS_COMPARED, export
from ml.training.events import Callback, Epoch, Event
from ml.training.pipeline import Examples
from ml.training.trainer import Parts, train
from ml.types import AnswersBy, Image

BATCH = 256


@dataclass(frozen=True, slots=True)
class Cost:
    """`seconds` of training, in which so many photos a second were learned from (each once an
    epoch); numbers learned; bytes of what is served; milliseconds for one face in serving."""

    seconds: float
    photos_per_second: float
    parameters: int
    bytes: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """What has learned, what it answers by and has cost; how its epochs went, if it had any."""

    learned: closed_set.Network
    answers_by: AnswersBy
    cost: Cost
    history: tuple[Epoch, ...] = ()


class Results:
    """A JSON file with what was measured so far, written anew after every contestant."""

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self._path = path
        self.values: dict[str, Any] = {**about, "results": {}}
        if path.is_file():
            self.values["results"] = json.loads(path.read_text(encoding="utf-8"))["results"]

    def __contains__(self, name: str) -> bool:
        return name in self.values["results"]

    def add(self, name: str, measured: dict[str, Any]) -> None:
        """Keep what was measured now."""
        self.values["results"][name] = measured
        text = json.dumps(self.values, indent=2, ensure_ascii=False)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, text + "\n")


def fingerprint(crops: Crops, split: Split, options: str) -> str:
    """Changes with the photos, the split, the options and whatever code could change a result."""
    digest = hashlib.sha256(
        f"{crops.key} {crops.dataset.fingerprint} {split.seed} {options}".encode()
    )
    digest.update(json.dumps(split.held_out).encode())
    digest.update(provenance.digest_of(__name__).encode())
    return digest.hexdigest()[:16]


def eigenfaces(crops: Crops, split: Split) -> Contestant:
    """Learn eigenfaces from the training part."""
    started = time.perf_counter()
    learned = Eigenfaces.fit(crops.images, split.classes, split.train, seed=split.seed)
    seconds = time.perf_counter() - started
    embedding = partial(learned.embed, crops.images[:1])
    cost = Cost(
        seconds=seconds,
        photos_per_second=len(split.train) / seconds,
        parameters=learned.parameters,
        bytes=4 * learned.parameters,
        milliseconds=timing.milliseconds(embedding, repeats=speed.REPEATS).median,
    )
    return Contestant(learned, "classes", cost)


def network(
    recipe: Recipe, crops: Crops, split: Split, folder: Path, callback: Callback
) -> Contestant:
    """Train a network, or go on with it in `folder`, and load it as it would be served.

    Raises:
        WeightsMissing, TrainingError, Unwritable, CannotResume: see `ml.training.trainer.train`.
        ExportDisagrees: the serving form does not compute what the Keras model computes.
    """
    watch = _Timed(callback)
    examples = partial(Examples, crops.images, split.classes)
    parts = Parts(examples(split.train), examples(split.validation))
    trained = train(recipe, parts, folder, watch)
    seconds = watch.seconds(trained.history)
    some = np.array(crops.images[split.test[:CROPS_COMPARED]])
    served = _exported(trained.network.served(), folder / "served", some)
    cost = Cost(
        seconds=seconds,
        photos_per_second=len(trained.history) * len(split.train) / seconds,
        parameters=trained.network.served().count_params(),
        bytes=sum(file.stat().st_size for file in served.glob("serving/*")),
        milliseconds=speed.engine_speed("openvino", served, some).milliseconds.median,
    )
    network = engine.load("openvino", served)
    return Contestant(network, recipe.answers_by, cost, trained.history)


def _exported(model: keras.Model, place: Path, some: Image) -> Path:
    shutil.rmtree(place, ignore_errors=True)  # a run that was killed may have left half of it
    place.mkdir()
    export(model, place, some)
    return place


class _Timed:
    """A callback that notes how long the training took, and hands everything on.

    Of a training that was interrupted, epochs count that were trained before.
    """

    def __init__(self, callback: Callback) -> None:
        self._callback = callback
        self._started = time.perf_counter()
        self._ended = self._started
        self._epochs = 0

    def seconds(self, history: Sequence[Epoch]) -> float:
        """From the first crop to the last epoch, with what was computed before the epochs."""
        before = history[: len(history) - self._epochs]
        return self._ended - self._started + sum(epoch.seconds for epoch in before)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Epoch):
            self._epochs += 1
            self._ended = time.perf_counter()
        self._callback(event)


def measure(contestant: Contestant, crops: Crops, split: Split) -> dict[str, Any]:
    """Closed-set metrics on the parts of the split, and all others on the people held out.

    As JSON: "answers_by", "closed_set" as `ClosedSet.summary`, "held_out" as `Metrics.summary` or
    null, "cost" and "history".
    """
    learned = contestant.learned
    parts = {part: getattr(split, part) for part in PARTS}
    crops_of = partial(_batches, crops.images)
    photos = closed_set.Photos(split.labels, split.classes, parts, crops_of)
    known = closed_set.measure(learned, contestant.answers_by, photos)
    return {
        "answers_by": contestant.answers_by,
        "closed_set": known.summary(),
        "held_out": _on_held_out(learned, crops, split) if split.held_out else None,
        "cost": asdict(contestant.cost),
        "history": [asdict(epoch) for epoch in contestant.history],
    }


def _on_held_out(learned: closed_set.Network, crops: Crops, split: Split) -> dict[str, Any]:
    batches = _batches(crops.images, split.held_out_photos)
    embeddings = Embeddings.of(learned.embed, batches)
    people = HeldOut(split.held_out, embeddings, split.held_out_owners)
    return metrics(people, seed=split.seed).summary()


def _batches(images: Image, rows: Ints) -> Iterator[Image]:
    for start in range(0, len(rows), BATCH):
        yield images[rows[start : start + BATCH]]
