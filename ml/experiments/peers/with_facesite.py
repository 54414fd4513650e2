"""facesite's own path from a photo to a decision, without a site around it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ml import bounded
from ml.calibration import Policy, identify
from ml.experiments.peers.looking import Found, made_up, off_middle, serve
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.templates import ask_twice
from ml.together import one_face_each
from ml.types import EmbeddedFace, Floats, Identification

FPIR = 0.01


class Facesite:
    """A version with a gallery."""

    def __init__(self, version_dir: Path) -> None:
        self._recognizer = Recognizer.load(version_dir)
        self._gallery = Gallery(self._recognizer.embedding_size)
        for person, template in enumerate(made_up()):
            self._gallery.add(person, person, template)

    def look(self, path: Path) -> Sequence[Found]:
        """As `recognition.services.identification.answering` does."""
        photo = bounded.decode(path.read_bytes(), partial=True)
        faces = self._recognizer.recognize(photo).faces
        one_face_each([self._identify(face) for face in faces])
        boxes = [face.detected.box for face in faces]
        return [
            Found(
                off_middle((box.x, box.y, box.width, box.height), photo.shape[:2]), face.embedding
            )
            for box, face in zip(boxes, faces, strict=True)
        ]

    def _identify(self, face: EmbeddedFace) -> Identification:
        ask = partial(self._ask, quality=face.quality.score)
        return ask_twice(ask, face.embedding, partial(self._recognizer.template, face))

    def _ask(self, embedding: Floats, *, quality: float) -> Identification:
        calibration = self._recognizer.calibration
        return identify(embedding, self._gallery, calibration, Policy(FPIR), quality=quality)


if __name__ == "__main__":
    serve(Facesite(Path(sys.argv[1])).look)
