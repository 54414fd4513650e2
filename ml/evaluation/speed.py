"""How long things take, in milliseconds: embedding, detection, a whole photo, a search.

`python -m ml.evaluation.speed ENGINE VERSION_DIR CROPS` times one engine in a process of its own:
two runtimes in one process would share threads and memory, and TensorFlow never gives back either.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from ml import imaging
from ml.calibration import Policy, identify
from ml.detection import Detector
from ml.gallery import Gallery
from ml.inference import engine as engines
from ml.inference.recognizer import Recognizer
from ml.types import Floats, Image

ENGINES = ("keras", "openvino", "openvino-f32")
DETECTION_SIDES = (320, 640, 1024, 2048)
REPEATS = 200


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """One face at a time: median milliseconds, seconds to load, MB resident with it loaded."""

    milliseconds: float
    load_seconds: float
    resident_mb: float


def median_ms(action: Callable[[], object], *, repeats: int = REPEATS, warm_up: int = 10) -> float:
    """The median of `repeats` runs after `warm_up` more, milliseconds."""
    taken = []
    for _ in range(warm_up + repeats):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[warm_up:]) * 1e3)


def engine_speed(name: str, version_dir: Path, crops: Image) -> EngineSpeed:
    """Time one of `ENGINES` on aligned crops, uint8 (N, 112, 112, 3), in a process of its own.

    Raises:
        subprocess.CalledProcessError: that process failed; its `stderr` says why.
    """
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, crops)
        file.flush()
        command = [sys.executable, "-m", __name__, name, str(version_dir), file.name]
        run = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return EngineSpeed(**json.loads(run.stdout.splitlines()[-1]))


def _time_engine(name: str, version_dir: Path, crops: Image) -> EngineSpeed:
    started = time.perf_counter()
    if name == "openvino-f32":
        engine: engines.Engine = engines.OpenVINOEngine.load(version_dir, precision="f32")
    else:
        engine = engines.load(name, version_dir)
    engine.embed(crops[:1])
    loaded = time.perf_counter() - started
    turn = iter(range(10**9))
    milliseconds = median_ms(lambda: engine.embed(crops[next(turn) % len(crops)][None]))
    return EngineSpeed(milliseconds, loaded, psutil.Process().memory_info().rss / 2**20)


def detection(photo: Image) -> dict[int, float]:
    """Milliseconds to find the faces of a photo, (H, W, 3), shrunk or grown to each long side."""
    detector, taken = Detector.load(), {}
    for side in DETECTION_SIDES:
        scale = side / max(photo.shape[:2])
        resized = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        sized: Image = np.asarray(resized, np.uint8)
        taken[side] = median_ms(partial(detector.detect, sized), repeats=30)
    return taken


def whole_photo(recognizer: Recognizer, files: Sequence[bytes]) -> dict[str, float]:
    """Median milliseconds per step, from a file's bytes to embeddings."""
    steps: dict[str, list[float]] = {"decode": [], "detect": [], "align": [], "embed": []}
    for data in files:
        started = time.perf_counter()
        photo = imaging.decode(data)
        steps["decode"].append((time.perf_counter() - started) * 1e3)
        for step, taken in recognizer.recognize(photo).milliseconds.items():
            steps[step].append(taken)
    medians = {step: float(np.median(taken)) for step, taken in steps.items()}
    return {**medians, "total": sum(medians.values())}


def search(recognizer: Recognizer, people: int) -> float:
    """Median milliseconds to decide about a probe in a gallery of so many made-up people."""
    random = np.random.default_rng(0)
    gallery = Gallery(recognizer.embedding_size)
    for person in range(people):
        gallery.add(person, person, _unit(random.normal(size=recognizer.embedding_size)))
    probes = iter([_unit(random.normal(size=recognizer.embedding_size)) for _ in range(60)])
    return median_ms(
        lambda: identify(next(probes), gallery, recognizer.calibration, Policy(0.01)),
        repeats=50,
    )


def _unit(vector: Any) -> Floats:
    unit: Floats = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


if __name__ == "__main__":
    engine_name, directory, crops_file = sys.argv[1:]
    print(json.dumps(asdict(_time_engine(engine_name, Path(directory), np.load(crops_file)))))
