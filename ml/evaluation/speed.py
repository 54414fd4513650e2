"""How fast one network is under each engine.

`python -m ml.evaluation.speed ENGINE VERSION_DIR CROPS` times one engine in a process of its own:
two runtimes in one process would share threads and memory, and TensorFlow never gives back either.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil

from ml.evaluation.timing import Spread, milliseconds
from ml.inference import engine as engines
from ml.types import Image

ENGINES = ("keras", "openvino", "openvino-f32")
TOGETHER = 16
REPEATS = 200


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """Milliseconds for one face alone and for `TOGETHER` at once, seconds to load, MB resident
    with the network loaded."""

    milliseconds: Spread
    together_milliseconds: Spread
    load_seconds: float
    resident_mb: float


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
    told = json.loads(run.stdout.splitlines()[-1])
    one, together = (Spread(**told.pop(key)) for key in ("milliseconds", "together_milliseconds"))
    return EngineSpeed(one, together, **told)


def _time_engine(name: str, version_dir: Path, crops: Image) -> EngineSpeed:
    started = time.perf_counter()
    if name == "openvino-f32":
        engine: engines.Engine = engines.OpenVINOEngine.load(version_dir, precision="f32")
    else:
        engine = engines.load(name, version_dir)
    engine.embed(crops[:1])
    loaded = time.perf_counter() - started
    turn = cycle(crops)
    one = milliseconds(lambda: engine.embed(next(turn)[None]), repeats=REPEATS)
    many = np.resize(crops, (TOGETHER, *crops.shape[1:]))
    together = milliseconds(lambda: engine.embed(many), repeats=REPEATS // TOGETHER)
    return EngineSpeed(one, together, loaded, psutil.Process().memory_info().rss / 2**20)


if __name__ == "__main__":
    engine_name, directory, crops_file = sys.argv[1:]
    print(json.dumps(asdict(_time_engine(engine_name, Path(directory), np.load(crops_file)))))
