"""A recogniser that needs no network: it reads who is in a photo off the colours of test photos.

Everything around it is real: bytes, decoding, gallery, calibration, rows, files and transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image as Pillow

from ml.calibration import Calibration, Evidence
from ml.inference.recognizer import Recognition
from ml.types import Box, DetectedFace, EmbeddedFace, Floats, Image, Quality, QualityReason

SIZE = 128


def calibration() -> Calibration:
    """Fits the embeddings below: random directions among 128."""
    drawn = np.random.default_rng(0).normal(size=(90, SIZE)).astype(np.float32)
    anchors: Floats = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    tail = ((0.5, -0.08), (0.1, -0.02), (0.01, 0.07), (0.001, 0.12))
    return Calibration(anchors, tail, Evidence(-1.5, 30.0), {})


@dataclass(frozen=True)
class Face:
    """`person` 1..255 says who it is, `shot` 0..255 which of their photos."""

    person: int
    shot: int = 0
    quality: float = 1.0
    width: int = 60


def photo(*faces: Face, height: int = 80) -> bytes:
    """A PNG in which each face is a stripe in a colour of its own, between stripes of black."""
    stripes = [np.zeros((height, 20, 3), np.uint8)]
    for face in faces:
        colour = (face.person, face.shot, round(face.quality * 255))
        stripes += [np.full((height, face.width, 3), colour, np.uint8), stripes[0]]
    buffer = BytesIO()
    Pillow.fromarray(np.hstack(stripes)).save(buffer, "PNG")
    return buffer.getvalue()


def embedding(person: int, shot: int = 0) -> Floats:
    """Photos of the same person are about 0.9 alike, other people's about 0."""
    same = np.random.default_rng(person).normal(size=SIZE)
    other = np.random.default_rng((person, shot)).normal(size=SIZE)
    mixed = same + other / 3
    unit: Floats = (mixed / np.linalg.norm(mixed)).astype(np.float32)
    return unit


LANDMARKS = np.array([[-9, -9], [9, -9], [0, 0], [-7, 9], [7, 9]])


class StripeRecognizer:
    """`degrees` is how far photos are taken to be turned, clockwise, and `parts` in how many they
    are taken to be looked at."""

    version = "stripes"
    embedding_size = SIZE
    degrees = 0
    parts = 1

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self.looked_at = 0

    def recognize(self, photo: Image) -> Recognition:
        self.looked_at += 1
        faces = tuple(_faces(photo, self.degrees))
        return Recognition(faces, {"detect": 2.0, "align": 0.5, "embed": 1.0}, self.parts)

    def embed(self, crops: Image) -> Floats:
        return np.stack([embedding(*crop[0, 0, :2]) for crop in crops.astype(int)])

    def templates(self, crops: Image, embeddings: Floats) -> Floats:
        """A stripe is its own mirror image."""
        return embeddings

    def template(self, face: EmbeddedFace) -> Floats:
        return face.embedding


def _faces(photo: Image, degrees: int) -> Iterator[EmbeddedFace]:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = LANDMARKS @ np.array([[cos, sin], [-sin, cos]])
    row = photo[0].astype(int)
    edges = np.flatnonzero(np.any(np.diff(row, axis=0), axis=1)) + 1
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        person, shot, quality = (int(value) for value in row[left])
        box = Box(float(left), 5.0, float(right - left), 60.0)
        reasons = (QualityReason.BLURRED,) if quality < 128 else ()
        yield EmbeddedFace(
            DetectedFace(box, 0.9, np.add(turned, (left + 10, 30)).astype(np.float32)),
            Quality(quality / 255, reasons),
            np.full((112, 112, 3), row[left], np.uint8),
            embedding(person, shot),
        )


class CropRecognizer(StripeRecognizer):
    """Another version of it, which has a space of embeddings of its own. Reads crops too."""

    def __init__(self, version: str) -> None:
        super().__init__(calibration())
        self.version = version
        self._turn = np.random.default_rng(list(version.encode())).permutation(SIZE)

    def recognize(self, photo: Image) -> Recognition:
        found = super().recognize(photo)
        faces = tuple(replace(face, embedding=self._turned(face.embedding)) for face in found.faces)
        return Recognition(faces, found.milliseconds)

    def embed(self, crops: Image) -> Floats:
        return np.stack([self._turned(one) for one in super().embed(crops)])

    def _turned(self, embedding: Floats) -> Floats:
        return embedding[self._turn] if self.version != "stripes" else embedding
