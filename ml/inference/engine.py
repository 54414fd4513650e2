"""Running the network of a model version: OpenVINO to serve, Keras as the reference."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import openvino as ov

from ml import artifact
from ml.errors import KerasFormMissing
from ml.openvino_core import core
from ml.types import Floats, Image

_BATCH: Final = 4
"""Crops that OpenVINO gets at a time, but for the rest, which it gets one by one: its memory grows
with every number of crops that it sees, by 600 MB for 1 to 100. Sixteen take a tenth less time."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a network makes of crops: `embeddings`, float32 (N, D), each of length 1, and the
    `probabilities` of its own classes, float32 (N, C), or None if it only embeds."""

    embeddings: Floats
    probabilities: Floats | None


class Engine(ABC):
    """Turns aligned crops, uint8 RGB, shape (N, S, S, 3), into embeddings and probabilities."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def run(self, crops: Image) -> Outputs:
        """Both at once, since a network computes them in one go."""
        with self._lock:
            embeddings, *others = self._infer(crops.astype(np.float32))
        return Outputs(_unit(embeddings), others[0].astype(np.float32) if others else None)

    def embed(self, crops: Image) -> Floats:
        """Embed crops; returns float32 (N, D), each of length 1."""
        return self.run(crops).embeddings

    def classify(self, crops: Image) -> Floats:
        """The probabilities of the network's own classes, float32 (N, C).

        Raises:
            ValueError: the network has no classes; it only embeds.
        """
        probabilities = self.run(crops).probabilities
        if probabilities is None:
            raise ValueError("This network has no classes of its own; it only embeds.")
        return probabilities

    @abstractmethod
    def _infer(self, crops: Floats) -> list[Floats]:
        """The outputs of the network; one thread at a time."""


class OpenVINOEngine(Engine):
    """The serving form of the network, in the precision that suits this processor best."""

    def __init__(self, compiled: ov.CompiledModel) -> None:
        super().__init__()
        self._request = compiled.create_infer_request()

    @classmethod
    def load(cls, version_dir: Path, *, precision: str | None = None) -> Self:
        """Compile the network; `precision` is "f32", "bf16" or None for the processor's choice."""
        settings = {"PERFORMANCE_HINT": "LATENCY"}
        if precision:
            settings["INFERENCE_PRECISION_HINT"] = precision
        path = version_dir / artifact.SERVING_MODEL
        return cls(core().compile_model(core().read_model(str(path)), "CPU", settings))

    def _infer(self, crops: Floats) -> list[Floats]:
        batches = [self._one_batch(batch) for batch in _batches(crops)]
        return [np.concatenate(results) for results in zip(*batches, strict=True)]

    def _one_batch(self, crops: Floats) -> list[Floats]:
        results = self._request.infer([crops]).values()
        # The numbers without an axis are states of dropout, which training leaves behind.
        return [np.array(result) for result in results if result.ndim]


class KerasEngine(Engine):
    """The Keras model itself, as it was trained."""

    def __init__(self, path: Path) -> None:
        import keras  # noqa: PLC0415  (loads TensorFlow, which only this engine needs)

        super().__init__()
        # Keras' safe mode has been bypassed before; the hash in the manifest is what protects us.
        self._model = keras.saving.load_model(path, compile=False, safe_mode=True)

    @classmethod
    def load(cls, version_dir: Path) -> Self:
        """Load the Keras model of a model version.

        Raises:
            KerasFormMissing: it was imported, and has none.
        """
        path = version_dir / artifact.KERAS_MODEL
        if not path.is_file():
            raise KerasFormMissing(version_dir)
        return cls(path)

    def _infer(self, crops: Floats) -> list[Floats]:
        results = self._model.predict(crops, verbose=0)
        return results if isinstance(results, list) else [results]


def load(name: str, version_dir: Path) -> Engine:
    """Load the engine called `name`, "openvino" or "keras"."""
    match name:
        case "openvino":
            return OpenVINOEngine.load(version_dir)
        case "keras":
            return KerasEngine.load(version_dir)
    raise ValueError(f"There is no engine called {name!r}; there are 'openvino' and 'keras'.")


def _batches(crops: Floats) -> list[Floats]:
    """As many of `_BATCH` crops as there are, and the rest one by one."""
    even = len(crops) // _BATCH * _BATCH
    starts = [*range(0, even, _BATCH), *range(even, len(crops))]
    return np.split(crops, starts[1:])


def _unit(embeddings: Floats) -> Floats:
    """Length 1 again: in bfloat16 the network's own normalisation is a little off."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    # A network that learned nothing may answer all zeros, which are like nobody.
    unit: Floats = embeddings / np.maximum(lengths, 1e-12)
    return unit.astype(np.float32)
