"""Photos of a wanted size with so many faces, made of those of the demo people."""

from __future__ import annotations

from itertools import cycle, islice
from typing import Final

import cv2
import numpy as np
from django.conf import settings

from ml import imaging
from ml.types import Image

PORTRAIT_SIDE: Final = 1024
"""The size that phones share."""
GREY: Final = 128
COLUMNS: Final = {1: 1, 3: 3, 12: 4}
"""Of so many faces, how many stand side by side in a photo of 3 to 2."""
LARGE: Final = 0.02
"""The share of varied photos that are so large that they are looked at in parts."""


def portraits(number: int) -> list[bytes]:
    """JPEG files with one face each, enlarged; after the last one it begins again."""
    paths = sorted((settings.BASE_DIR / "demo" / "photos" / "people").glob("*/*.jpg"))
    made = [imaging.encode_jpeg(_square(path.read_bytes(), PORTRAIT_SIDE)) for path in paths]
    return list(islice(cycle(made), number))


def group(faces: int, long_side: int) -> bytes:
    """A JPEG file of that width with 1, 3 or 12 demo people, as large as there is room for each."""
    columns = COLUMNS[faces]
    rows = faces // columns
    width, height = long_side, long_side * 2 // 3
    side = min(width // columns, height // rows)
    canvas: Image = np.full((height, width, 3), GREY, np.uint8)
    for place, portrait in enumerate(portraits(faces)):
        row, column = divmod(place, columns)
        top, left = row * side, column * (width // columns)
        canvas[top : top + side, left : left + side] = _square(portrait, side)
    return imaging.encode_jpeg(canvas)


def varied(random: np.random.Generator) -> bytes:
    """A part of a group photo in a random size; one in ten lies on its side."""
    path = settings.BASE_DIR / "demo" / "photos" / "groups" / f"{random.integers(4)}.jpg"
    photo = imaging.decode(path.read_bytes())
    height, width = (int(side * random.uniform(0.5, 1)) for side in photo.shape[:2])
    long_side = random.uniform(2600, 4000) if random.random() < LARGE else random.uniform(200, 1500)
    scale = long_side / max(height, width)
    sized = np.asarray(cv2.resize(photo[:height, :width], None, fx=scale, fy=scale), np.uint8)
    return imaging.encode_jpeg(np.rot90(sized) if random.random() < 0.1 else sized)


def _square(data: bytes, side: int) -> Image:
    photo = imaging.decode(data)
    return np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
