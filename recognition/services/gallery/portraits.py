"""What pages show of an enrolled photo."""

from __future__ import annotations

from typing import Final

import numpy as np

from ml import imaging
from ml.types import DetectedFace, Image

LONG_SIDE: Final = 256
MARGIN: Final = 0.45
"""Around the face, in lengths of its longer side: hair, chin and a little of the shoulders."""


def cut(image: Image, face: DetectedFace) -> bytes:
    """The face and what is around it, brought upright by quarter turns."""
    box = face.box
    reach = max(box.width, box.height) * (0.5 + MARGIN)
    x, y = box.x + box.width / 2, box.y + box.height / 2
    left, top = max(0, round(x - reach)), max(0, round(y - reach))
    part = image[top : round(y + reach), left : round(x + reach)]
    upright = np.rot90(part, round(face.roll / 90))
    return imaging.encode_jpeg(upright, long_side=LONG_SIDE)
