"""YuNet, a small network that finds faces and their landmarks, run by OpenVINO.

Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research, 2023,
https://doi.org/10.1007/s11633-023-1423-y. It sees faces of some 10 to 300 pixels that are turned
by up to some 20 degrees. Of those that lie or stand on their head it finds many, too, but puts
their landmarks where an upright face would have them.
"""

from __future__ import annotations

from typing import Final, Self

import numpy as np
import openvino as ov

from ml import weights
from ml.openvino_core import core
from ml.types import Box, DetectedFace, Floats, Image

Rows = Floats
"""Faces, (N, 15), or one, (15,): the box's x, y, width and height, five landmarks (x, y) in the
order of `DetectedFace`, and the score 0..1. All but the score are in pixels of one picture."""
LANDMARKS: Final = slice(4, 14)
SCORE: Final = 14

_STRIDES = (8, 16, 32)
_MAX_OVERLAP = 0.5
"""Of two boxes of which one lies to a larger share in the other, the lower score goes."""


class YuNet:
    """The network. One instance may be used by one thread at a time."""

    def __init__(self, request: ov.InferRequest) -> None:
        self._request = request

    @classmethod
    def load(cls) -> Self:
        """Compile the packaged network for pictures of any size.

        Raises:
            WeightsMissing: see `ml.weights.weights_path`.
        """
        model = core().read_model(str(weights.weights_path(weights.YUNET)))
        model.reshape([1, 3, -1, -1])
        compiled = core().compile_model(_of_pixels(model), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        return cls(compiled.create_infer_request())

    def find(self, picture: Image, min_score: float) -> Rows:
        """Faces in an RGB picture, (H, W, 3) uint8, whose sides are multiples of 32: the network
        halves them five times. A face may have several rows.
        """
        self._request.infer([picture[None]], share_outputs=True)
        width = picture.shape[1]
        return np.concatenate([self._decode(stride, width, min_score) for stride in _STRIDES])

    def _decode(self, stride: int, width: int, min_score: float) -> Rows:
        """The faces of one of the three grids of outputs.

        The formulas are those of OpenCV's FaceDetectorYN: each cell predicts an offset of the
        box's middle, its log size, and offsets of the landmarks, all in strides.
        """
        classes, objects, boxes, points = (
            self._request.get_tensor(f"{output}_{stride}").data[0]
            for output in ("cls", "obj", "bbox", "kps")
        )
        scores = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1))[:, 0]
        kept = np.flatnonzero(scores >= min_score)
        row, column = np.divmod(kept, width // stride)
        cell = np.stack([column, row], axis=1).astype(np.float32)
        size = np.exp(boxes[kept, 2:]) * stride
        corner = (cell + boxes[kept, :2]) * stride - size / 2
        landmarks = (np.tile(cell, 5) + points[kept]) * stride
        return np.hstack([corner, size, landmarks, scores[kept, None]])


def _of_pixels(model: ov.Model) -> ov.Model:
    """The model for RGB pictures, (1, H, W, 3) uint8. The network itself is for BGR, (1, 3, H, W)
    float32: to make that of them takes NumPy an eighth of a view's time, and the runtime none."""
    made = ov.preprocess.PrePostProcessor(model)
    pixels = made.input().tensor()
    pixels.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_shape([1, -1, -1, 3])
    made.input().model().set_layout(ov.Layout("NCHW"))
    made.input().preprocess().convert_element_type(ov.Type.f32).reverse_channels()
    return made.build()


def middle(rows: Rows) -> Floats:
    """The middles of the boxes, (..., 2), pixels."""
    return rows[..., :2] + rows[..., 2:4] / np.float32(2)


def size(rows: Rows) -> Floats:
    """The side of a square as large as the box, (...), pixels."""
    side: Floats = np.sqrt(rows[..., 2] * rows[..., 3])
    return side


def best_of_overlapping(rows: Rows) -> Rows:
    """What non-maximum suppression leaves, highest score first.

    Overlap is measured against the smaller box, not against the union: looked at closely, a large
    face also yields boxes around its parts, which lie inside the right one.
    """
    corners = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
    areas = rows[:, 2] * rows[:, 3]
    kept: list[int] = []
    for index in np.argsort(-rows[:, SCORE], kind="stable"):
        shared = np.minimum(corners[kept, 2:], corners[index, 2:]) - np.maximum(
            corners[kept, :2], corners[index, :2]
        )
        overlap = shared.clip(0).prod(axis=1)
        if not (overlap > _MAX_OVERLAP * np.minimum(areas[kept], areas[index])).any():
            kept.append(int(index))
    return rows[kept]


def face(row: Rows) -> DetectedFace:
    """One row as the value that it stands for."""
    box = Box(*(float(value) for value in row[:4]))
    landmarks = row[LANDMARKS].reshape(5, 2).astype(np.float32)
    return DetectedFace(box, float(row[SCORE]), landmarks)
