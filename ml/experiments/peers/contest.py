"""facesite beside other programs for Python: the same photos, in the same run, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from ml.evaluation.datasets import Pair
from ml.evaluation.timing import Spread
from ml.evaluation.verification import best_threshold
from ml.experiments.answering import Answering
from ml.types import Floats

ROOT: Final = Path(__file__).resolve().parents[3]
ROOM: Final = "ml.experiments.peers"
PEERS: Final = {
    "deepface": "with_deepface",
    "OpenCV": "with_opencv",
    "face_recognition": "with_dlib",
}
WARM_UP: Final = 3
"""Photos that are not counted."""

Seen = Mapping[str, Any]
"""What a contender tells of one photo: see `looking.serve`."""


class Contender(Answering):
    """A program that looks at one photo at a time.

    `start_seconds` is how long it took from its start until it had looked at the `first` photo.
    """

    def __init__(self, command: Sequence[str], home: Path, first: Path) -> None:
        began = time.perf_counter()
        own = os.environ | {"DEEPFACE_HOME": str(home)}
        super().__init__(command, cwd=ROOT, env=own, stderr=subprocess.DEVNULL)
        self.look(first)
        self.start_seconds = time.perf_counter() - began

    def look(self, photo: Path) -> Seen:
        """Milliseconds and faces."""
        return self.ask(str(photo))

    def resident_mb(self) -> float:
        """The memory that it has now."""
        return float(self._process.memory_info().rss / 2**20)


@contextmanager
def contenders(
    python: Path, home: Path, version: Path, first: Path
) -> Iterator[Mapping[str, Contender]]:
    """facesite with that version, and each of `PEERS` by the Python of their environment, which
    have looked at a `first` photo; what they need lies in `home`."""
    write = [str(python), "-m", f"{ROOM}.networks", str(home)]
    subprocess.run(write, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    commands = {
        name: [str(python), "-m", f"{ROOM}.{one}", str(home)] for name, one in PEERS.items()
    }
    commands = {
        "facesite": [sys.executable, "-m", f"{ROOM}.with_facesite", str(version)],
        **commands,
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(closing(Contender(command, home, first)))
            for name, command in commands.items()
        }


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds from the start to the first answer, milliseconds a photo from its bytes to a decision
    about each face, MB resident after all photos, faces in all, and photos with any."""

    start_seconds: float
    milliseconds: Spread
    resident_mb: float
    faces: int
    photos_with_faces: int

    @classmethod
    def of(cls, one: Contender, seen: Sequence[Seen]) -> Self:
        """After it has looked at all photos."""
        faces = [len(photo["faces"]) for photo in seen]
        spread = Spread.of([photo["ms"] for photo in seen])
        with_faces = sum(map(bool, faces))
        return cls(one.start_seconds, spread, one.resident_mb(), sum(faces), with_faces)


def speeds(there: Mapping[str, Contender], photos: Sequence[Path]) -> dict[str, Any]:
    """All look at one photo after another in turn; nobody computes while another does."""
    for one in there.values():
        for photo in photos[:WARM_UP]:
            one.look(photo)
    seen: dict[str, list[Seen]] = {name: [] for name in there}
    for photo in photos:
        for name, one in there.items():
            seen[name].append(one.look(photo))
    return {name: asdict(Speed.of(one, seen[name])) for name, one in there.items()}


def accuracies(
    there: Mapping[str, Contender], pairs: Sequence[Pair], say: Callable[[str], None]
) -> dict[str, Any]:
    """How many of these pairs each tells apart, by the protocol of `ml.evaluation.verification`,
    with the distance between embeddings."""
    found = {}
    for name, one in there.items():
        say(name)
        photos = {photo for pair in pairs for photo in (pair.first, pair.second)}
        known = {photo: _in_the_middle(one.look(photo)) for photo in sorted(photos)}
        found[name] = accuracy(pairs, known)
    return found


def accuracy(pairs: Sequence[Pair], known: Mapping[Path, Floats | None]) -> dict[str, Any]:
    """A pair with a photo in which no face was found is a wrong answer."""
    alike = np.array([_likeness(pair, known) for pair in pairs])
    same, folds = (np.array([getattr(pair, of) for pair in pairs]) for of in ("same", "fold"))
    shares = []
    for fold in np.unique(folds):
        others = folds != fold
        bar = best_threshold(alike[others], same[others])
        shares.append(float(np.mean((alike[~others] > bar) == same[~others])))
    missing = int(np.isinf(alike).sum())
    return {"accuracy": float(np.mean(shares)), "pairs": len(pairs), "missing": missing}


def sample(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """So many at the most, spread evenly over the list, so that each fold has as many of either
    kind."""
    step = max(1, -(-len(pairs) // most))
    return list(pairs[::step])


def _likeness(pair: Pair, known: Mapping[Path, Floats | None]) -> float:
    first, second = known[pair.first], known[pair.second]
    if first is None or second is None:
        return -np.inf if pair.same else np.inf
    return -float(np.linalg.norm(first - second))


def _in_the_middle(seen: Seen) -> Floats | None:
    """Of several faces, the one about whom a photo of LFW is."""
    nearest = min(seen["faces"], key=lambda face: face[0], default=None)
    return None if nearest is None else np.array(nearest[1], np.float32)
