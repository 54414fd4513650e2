"""The one face that a photo of a data set is about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from ml import imaging
from ml.errors import PhotoRejected
from ml.evaluation.cache import FaceCache, FoundFace
from ml.inference.recognizer import Recognition
from ml.threads import Progress, ahead
from ml.types import DetectedFace, EmbeddedFace, Floats, Image


class Recognizes(Protocol):
    """What is needed here of `ml.inference.recognizer.Recognizer`."""

    def recognize(self, photo: Image) -> Recognition:
        """Find and embed all faces of a photo."""
        ...

    def template(self, face: EmbeddedFace) -> Floats:
        """What is enrolled of a face."""
        ...


def find_faces(
    photos: Sequence[Path], recognizer: Recognizes, cache: FaceCache, progress: Progress
) -> dict[Path, FoundFace | None]:
    """Find the main face of each photo; None where there is no face, or no readable photo."""

    def look(path: Path) -> FoundFace | None:
        data = path.read_bytes()
        digest = hashlib.sha256(data).digest()
        if known := cache.get(digest):
            return known[0]
        face = _find(data, recognizer)
        cache.put(digest, face)
        return face

    found: dict[Path, FoundFace | None] = {}
    for path, face in zip(photos, ahead(look, photos), strict=True):
        found[path] = face
        progress(len(found), len(photos))
    return found


def _find(data: bytes, recognizer: Recognizes) -> FoundFace | None:
    try:
        photo = imaging.decode(data)
    except PhotoRejected:
        return None
    face = main_face(recognizer.recognize(photo).faces, photo)
    if face is None:
        return None
    return FoundFace(face.embedding, recognizer.template(face), face.quality.score)


def main_face(faces: Sequence[EmbeddedFace], photo: Image) -> EmbeddedFace | None:
    """The face that a photo of a data set is labelled by, though others may stand behind it.

    In such photos (LFW's were cut so) the person in question is in the middle. Taken is the face
    with the largest area minus twice the squared distance of its middle from the photo's, all in
    pixels: nearness to the centre, weighed against size, as in align_dataset_mtcnn.py of
    https://github.com/davidsandberg/facenet.
    """

    def prominence(face: EmbeddedFace) -> float:
        return face.detected.box.area - 2 * _squared_distance_from_centre(face.detected, photo)

    return max(faces, key=prominence, default=None)


def _squared_distance_from_centre(face: DetectedFace, photo: Image) -> float:
    height, width = photo.shape[:2]
    box = face.box
    offset = np.array([box.x + box.width / 2 - width / 2, box.y + box.height / 2 - height / 2])
    return float(offset @ offset)
