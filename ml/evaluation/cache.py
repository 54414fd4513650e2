"""What was found in photos, remembered by content, so that a second evaluation takes seconds."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from ml import provenance
from ml.types import Floats

LOOKING: Final = "ml.evaluation.faces"
"""The module that finds the face of a photo; what it does is remembered here."""


@dataclass(frozen=True, slots=True)
class FoundFace:
    """The face of a photo, to be asked about and to be enrolled: `embedding` and `template`,
    float32 (D,) of length 1, `quality` 0..1."""

    embedding: Floats
    template: Floats
    quality: float


class FaceCache:
    """One SQLite file per model and preprocessing, a row per photo, by SHA-256 of its bytes.

    May be read by several threads. Rows are committed in batches: a run that is killed loses the
    last batch and nothing else.
    """

    def __init__(self, path: Path, *, batch: int = 256) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS face"
            " (photo BLOB PRIMARY KEY, embeddings BLOB, quality REAL) WITHOUT ROWID"
        )
        self._lock = threading.Lock()
        self._batch = batch
        self._new: dict[bytes, FoundFace | None] = {}

    @classmethod
    def open(cls, folder: Path, network: str, engine: str) -> Self:
        """Open the cache in `folder` for a network, by its digest, as one engine runs it."""
        return cls(folder / f"{_fingerprint(network, engine)}.sqlite3")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock, closing(self._connection):
            self._commit()

    def get(self, photo: bytes) -> tuple[FoundFace | None] | None:
        """What was found in the photo with this SHA-256, in a tuple; None if nobody has looked."""
        with self._lock:
            if photo in self._new:
                return (self._new[photo],)
            row = self._connection.execute(
                "SELECT embeddings, quality FROM face WHERE photo = ?", (photo,)
            ).fetchone()
        if row is None:
            return None
        embeddings, quality = row
        if embeddings is None:
            return (None,)
        embedding, template = np.frombuffer(embeddings, dtype="<f4").reshape(2, -1)
        return (FoundFace(embedding, template, quality),)

    def put(self, photo: bytes, face: FoundFace | None) -> None:
        """Remember a photo's face, or that it has none."""
        with self._lock:
            self._new[photo] = face
            if len(self._new) >= self._batch:
                self._commit()

    def _commit(self) -> None:
        rows = [
            (photo, face and _bytes(face), face and face.quality)
            for photo, face in self._new.items()
        ]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO face VALUES (?, ?, ?)", rows)
        self._new.clear()


def _bytes(face: FoundFace) -> bytes:
    return np.stack([face.embedding, face.template]).astype("<f4").tobytes()


def _fingerprint(network: str, engine: str) -> str:
    """Changes with whatever could change an embedding: the model, the code before it, libraries."""
    digest = hashlib.sha256(network.encode())
    digest.update(f"{engine} {provenance.digest_of(LOOKING)}".encode())
    return digest.hexdigest()[:32]
