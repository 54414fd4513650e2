"""What every contender's process does: it reads paths of photos, one a line, and answers each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.types import Floats

GALLERY: Final = 36
"""People who are enrolled with each, made up, so that there is something to decide."""
SIZE: Final = 128
"""Of the embeddings of all of them."""


class Found(NamedTuple):
    """A face: how many pixels its middle is off that of the photo, and its embedding, (128,)."""

    off: float
    embedding: Floats


Look = Callable[[Path], Sequence[Found]]


def made_up() -> Floats:
    """Embeddings of nobody, (`GALLERY`, `SIZE`) float32 of length 1."""
    rows = np.random.default_rng(0).normal(size=(GALLERY, SIZE))
    units: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return units


def off_middle(box: npt.ArrayLike, photo: Sequence[int]) -> float:
    """From the middle of a box (x, y, width, height) to that of a photo (height, width, …)."""
    x, y, width, height = np.asarray(box, np.float64)
    return float(np.hypot(x + (width - photo[1]) / 2, y + (height - photo[0]) / 2))


def serve(look: Look) -> None:
    """Answer until there are no more lines: milliseconds, and faces as off and embedding."""
    for line in sys.stdin:
        started = time.perf_counter()
        faces = look(Path(line.rstrip("\n")))
        taken = (time.perf_counter() - started) * 1e3
        told = [[face.off, face.embedding.tolist()] for face in faces]
        sys.stdout.write(json.dumps({"ms": taken, "faces": told}) + "\n")
        sys.stdout.flush()


def nearest(gallery: Floats, faces: Sequence[Found]) -> None:
    """What a program decides that has nothing but distances."""
    for face in faces:
        int(np.linalg.norm(gallery - face.embedding, axis=1).argmin())
