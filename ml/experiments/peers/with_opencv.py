"""OpenCV's `FaceDetectorYN` and `FaceRecognizerSF`, with the same two networks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ml.experiments.peers import networks
from ml.experiments.peers.looking import Found, made_up, nearest, off_middle, serve
from ml.types import Floats, Image

GALLERY = made_up()


class OpenCV:
    """Both with the thresholds that they come with."""

    def __init__(self, home: Path) -> None:
        folder = home / networks.FOLDER
        self._detector = cv2.FaceDetectorYN.create(str(folder / networks.YUNET), "", (320, 320))
        self._network = cv2.FaceRecognizerSF.create(str(folder / networks.SFACE), "")

    def look(self, path: Path) -> Sequence[Found]:
        """As in OpenCV's own example."""
        photo = np.asarray(cv2.imread(str(path)), np.uint8)
        height, width = photo.shape[:2]
        self._detector.setInputSize((width, height))
        _, rows = self._detector.detect(photo)
        found: Floats = (
            np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
        )
        faces = [self._face(photo, row) for row in found]
        nearest(GALLERY, faces)
        return faces

    def _face(self, photo: Image, row: Floats) -> Found:
        crop = self._network.alignCrop(photo, row)
        embedding = self._network.feature(crop)[0]
        return Found(off_middle(row[:4], photo.shape[:2]), embedding / np.linalg.norm(embedding))


if __name__ == "__main__":
    serve(OpenCV(Path(sys.argv[1])).look)
