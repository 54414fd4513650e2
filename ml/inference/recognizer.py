"""From a photo to its faces, each with an embedding and what the network's own classes say."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from ml import artifact, views
from ml.alignment import align
from ml.calibration import Calibration
from ml.classes import Classes
from ml.detection import Detector
from ml.inference import engine as engines
from ml.quality import assess
from ml.templates import templates
from ml.types import DetectedFace, EmbeddedFace, Floats, Image

TILTED: Final = 30
"""Degrees that nobody tilts their head by: beyond, it is the photo that is turned."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """All faces of a photo, from left to right, what finding and embedding them took, and in how
    many parts the photo was looked at beside as a whole (1: in none)."""

    faces: tuple[EmbeddedFace, ...]
    milliseconds: dict[str, float]
    parts: int = 1

    @property
    def turned(self) -> int:
        """Degrees, 0..359, by which the photo is turned, clockwise: as its largest face is, if none
        is upright."""
        detected = [face.detected for face in self.faces]
        if not detected or min(abs(face.roll) for face in detected) <= TILTED:
            return 0
        return round(max(detected, key=lambda face: face.box.area).roll) % 360


class Recognizer:
    """The networks of one model version, loaded once and used by any thread of the process."""

    def __init__(
        self,
        manifest: artifact.Manifest,
        calibration: Calibration,
        detector: Detector,
        engine: engines.Engine,
        classes: Classes | None = None,
    ) -> None:
        self.version = manifest.version
        self.embedding_size = manifest.embedding_size
        self.calibration = calibration
        self.classes = classes
        self._detector = detector
        self._engine = engine
        self._lock = threading.Lock()

    @classmethod
    def load(cls, version_dir: Path, *, engine: str = "openvino") -> Self:
        """Check every file of a model version and load it.

        Raises:
            ArtifactError: see `ml.artifact.check`.
            WeightsMissing: the packaged detector is not there.
        """
        manifest = artifact.check(version_dir)
        calibration = Calibration.load(version_dir / artifact.CALIBRATION)
        own = version_dir / artifact.CLASSES
        classes = Classes.load(own) if own.is_file() else None
        network = engines.load(engine, version_dir)
        return cls(manifest, calibration, Detector.load(), network, classes)

    def detect(self, photo: Image) -> list[DetectedFace]:
        """Find every face of an RGB photo, (H, W, 3) uint8, from left to right."""
        with self._lock:
            return self._detector.detect(photo)

    def recognize(self, photo: Image) -> Recognition:
        """Find, assess, align and embed every face of an RGB photo, (H, W, 3) uint8."""
        started = time.perf_counter()
        detected = self.detect(photo)
        found = time.perf_counter()
        crops = [align(photo, face.landmarks) for face in detected]
        aligned = time.perf_counter()
        faces = tuple(self._asked(detected, np.stack(crops))) if crops else ()
        embedded = time.perf_counter()
        milliseconds = {
            "detect": (found - started) * 1e3,
            "align": (aligned - found) * 1e3,
            "embed": (embedded - aligned) * 1e3,
        }
        return Recognition(faces, milliseconds, views.parts(photo))

    def _asked(self, detected: Sequence[DetectedFace], crops: Image) -> Iterator[EmbeddedFace]:
        outputs = self._engine.run(crops)
        for row, (face, crop) in enumerate(zip(detected, crops, strict=True)):
            own = None if outputs.probabilities is None else outputs.probabilities[row]
            yield EmbeddedFace(face, assess(face, crop), crop, outputs.embeddings[row], own)

    def embed(self, crops: Image) -> Floats:
        """Embed aligned crops, uint8 RGB (N, 112, 112, 3); returns float32 (N, D), length 1."""
        return self._engine.embed(crops)

    def templates(self, crops: Image, embeddings: Floats) -> Floats:
        """What is enrolled of such crops and their embeddings: see `ml.templates`."""
        return templates(self._engine.embed, crops, embeddings)

    def template(self, face: EmbeddedFace) -> Floats:
        """What is enrolled of one face, (D,)."""
        (template,) = self.templates(face.crop[None], face.embedding[None])
        found: Floats = template
        return found
