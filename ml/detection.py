"""Finding every face in a photo, with YuNet run by OpenVINO.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research, 2023,
https://doi.org/10.1007/s11633-023-1423-y. The network sees faces of some 10 to 300 pixels, so a
photo is looked at twice: once nearly whole for the small faces, once shrunk and with a margin
around it for faces that fill the frame. A photo that is itself small is enlarged first: landmarks
that are a pixel off in a photo of 112 pixels more than double the errors of what is then embedded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import openvino as ov

from ml import weights
from ml.types import Box, DetectedFace, Floats, Image

STRIDES = (8, 16, 32)
SIZE_MULTIPLE = 32
MIN_SIDE = 224
MIN_SCORE = 0.6
MAX_OVERLAP = 0.5
"""Of two boxes of which one lies to a larger share in the other, the lower score goes."""


@dataclass(frozen=True, slots=True)
class View:
    """One look at the photo: shrunk to `long_side` pixels or enlarged to `MIN_SIDE`, then padded
    by `margin` (a share of the long side) with grey."""

    long_side: int
    margin: float


VIEWS = (View(1280, 0.0), View(256, 0.25))


class Detector:
    """YuNet. One instance may be used by one thread at a time."""

    def __init__(self, request: ov.InferRequest) -> None:
        self._request = request

    @classmethod
    def load(cls) -> Self:
        """Compile the packaged network for photos of any size.

        Raises:
            WeightsMissing: see `ml.weights.weights_path`.
        """
        core = ov.Core()
        model = core.read_model(str(weights.weights_path(weights.YUNET)))
        model.reshape([1, 3, -1, -1])
        compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        return cls(compiled.create_infer_request())

    def detect(self, photo: Image) -> list[DetectedFace]:
        """Find all faces in an RGB photo, (H, W, 3) uint8, from left to right."""
        found = np.concatenate([self._look(photo, view) for view in VIEWS])
        faces = [_face(row) for row in found[_best_of_overlapping(found)]]
        return sorted(faces, key=lambda face: face.box.x)

    def _look(self, photo: Image, view: View) -> Floats:
        """Faces in one view of the photo, in the photo's own pixels; rows as in `_decode`."""
        canvas, scale, offset = _canvas(photo, view)
        blob = canvas[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)
        self._request.infer([blob], share_outputs=True)
        rows = np.concatenate([self._decode(stride, canvas.shape[1]) for stride in STRIDES])
        rows[:, [0, 1, *range(4, 14)]] -= offset
        rows[:, :14] /= scale
        return rows

    def _decode(self, stride: int, width: int) -> Floats:
        """One of the three grids of outputs as rows of x, y, width, height, five landmarks, score.

        The formulas are those of OpenCV's FaceDetectorYN: each cell predicts an offset of the
        box's middle, its log size, and offsets of the landmarks, all in strides.
        """
        classes, objects, boxes, points = (
            self._request.get_tensor(f"{output}_{stride}").data[0]
            for output in ("cls", "obj", "bbox", "kps")
        )
        scores = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1))[:, 0]
        kept = np.flatnonzero(scores >= MIN_SCORE)
        row, column = np.divmod(kept, width // stride)
        cell = np.stack([column, row], axis=1).astype(np.float32)
        size = np.exp(boxes[kept, 2:]) * stride
        corner = (cell + boxes[kept, :2]) * stride - size / 2
        landmarks = (np.tile(cell, 5) + points[kept]) * stride
        return np.hstack([corner, size, landmarks, scores[kept, None]])


def _canvas(photo: Image, view: View) -> tuple[Image, float, float]:
    """The view as a picture whose sides the network can halve five times, its scale and offset."""
    height, width = photo.shape[:2]
    long_side = max(height, width)
    scale = min(max(1.0, MIN_SIDE / long_side), view.long_side / long_side)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(photo, size, interpolation=how) if scale != 1 else photo
    pad = round(view.margin * max(size))
    right, bottom = (-(side + 2 * pad) % SIZE_MULTIPLE + pad for side in size)
    canvas = cv2.copyMakeBorder(
        sized, pad, bottom, pad, right, cv2.BORDER_CONSTANT, value=(128, 128, 128)
    )
    return np.asarray(canvas, np.uint8), scale, float(pad)


def _best_of_overlapping(rows: Floats) -> list[int]:
    """Indices of the rows that non-maximum suppression leaves, highest score first.

    Overlap is measured against the smaller box, not against the union: looked at closely, a large
    face also yields boxes around its parts, which lie inside the right one.
    """
    corners = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
    areas = rows[:, 2] * rows[:, 3]
    kept: list[int] = []
    for index in np.argsort(-rows[:, 14], kind="stable"):
        size = np.minimum(corners[kept, 2:], corners[index, 2:]) - np.maximum(
            corners[kept, :2], corners[index, :2]
        )
        shared = size.clip(0).prod(axis=1)
        if not (shared > MAX_OVERLAP * np.minimum(areas[kept], areas[index])).any():
            kept.append(int(index))
    return kept


def _face(row: Floats) -> DetectedFace:
    box = Box(*(float(value) for value in row[:4]))
    return DetectedFace(box, float(row[14]), row[4:14].reshape(5, 2).astype(np.float32))
