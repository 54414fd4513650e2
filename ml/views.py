"""The pictures of a photo at which the detector looks: the whole of it, its parts, one face."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ml.alignment import Transform, warp
from ml.types import Doubles, Image
from ml.yunet import LANDMARKS, SCORE, Rows, middle

LARGE_VIEW: Final = 1280
"""The long side of the largest picture that is looked at: a larger one takes too long."""
_MIN_SIDE = 224
"""A photo that is smaller is enlarged: landmarks that are a pixel off in a photo of 112 pixels more
than double the errors of what is then embedded."""
SMALL_VIEW: Final = 256
_WHOLE = ((LARGE_VIEW, 0.0), (SMALL_VIEW, 0.25))
"""The long side, and a margin of grey around it as a share of that: a view nearly as large as the
photo for its small faces, and a small one for faces that fill the frame."""

_CANVASES: Final = tuple(
    canvas
    for long_side, short_sides in {
        LARGE_VIEW: (736, 864, 960, 1088, LARGE_VIEW),  # 16:9, 3:2, 4:3, 5:4, square
        1024: (768, 1024),
        800: (608, 800),
        640: (480, 640),
        512: (384, 512),
        384: (384,),
        256: (256,),
    }.items()
    for short_side in short_sides
    for canvas in {(long_side, short_side), (short_side, long_side)}
)
"""Widths and heights of views, in multiples of 32 pixels. The network's runtime keeps 3 MB for
every size that it has seen, and takes twice as long for a new one; so a view is padded to the
smallest of these. For photos of common shapes that is little, for random ones a fifth."""

_TILE: Final = 2 * LARGE_VIEW
_TILES_OVERLAP: Final = 256
"""Pixels of the photo. What lies across a seam is whole in the next tile if it is smaller, and
large enough for the view of the whole photo if it is not."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture, RGB uint8 (H, W, 3), and how it came out of the photo.

    `seams` are the left, top, right and bottom beyond which the photo goes on, in its pixels.
    """

    picture: Image
    matrix: Transform
    seams: tuple[float, float, float, float] = (-math.inf, -math.inf, math.inf, math.inf)

    @property
    def scale(self) -> float:
        """Pixels of the view for each of the photo."""
        return math.hypot(self.matrix[0, 0], self.matrix[1, 0])

    def turned(self, quarters: int) -> View:
        """The same, turned by quarters against the clock."""
        matrix = _after(self.matrix, _turn(self.picture, quarters))
        return View(np.rot90(self.picture, quarters), matrix)

    def part(self, angle: float, side: int, share: float) -> View:
        """The middle of a square view, `share` of its side, as a square of `side` pixels that is
        turned by `angle` degrees against the clock."""
        middle = np.full(2, len(self.picture) / 2)
        matrix = _turned_about(middle, angle, side / (share * len(self.picture)), side)
        return View(warp(self.picture, matrix, side), _after(self.matrix, matrix))

    def to_photo(self, rows: Rows) -> Rows:
        """Faces of the view in pixels of the photo, but for those that a seam cuts through."""
        back = np.linalg.inv(self.matrix[:, :2]).T
        shift = self.matrix[:, 2]
        size = rows[:, 2:4] / self.scale
        if abs(self.matrix[0, 1]) > abs(self.matrix[0, 0]):  # nearer to lying than to upright
            size = size[:, ::-1]
        corner = (middle(rows) - shift) @ back - size / 2
        points = (rows[:, LANDMARKS].reshape(-1, 5, 2) - shift) @ back
        whole = (corner >= self.seams[:2]).all(1) & (corner + size <= self.seams[2:]).all(1)
        found = np.hstack([corner, size, points.reshape(-1, 10), rows[:, SCORE:]])
        return found[whole].astype(np.float32)


def whole(photo: Image, quarters: int = 0) -> Iterator[View]:
    """A photo, (H, W, 3), as a whole, turned by quarters against the clock: each view is made as
    it is asked for."""
    turned = np.ascontiguousarray(np.rot90(photo, quarters))
    for long_side, margin in _WHOLE:
        yield _sized(turned, long_side, margin, _turn(photo, quarters))


def tiles(photo: Image) -> list[View]:
    """The parts, at half their size, of a photo that its whole view shrinks by more than that."""
    return [_tile(photo, *edges) for edges in _tiles(photo)]


def parts(photo: Image) -> int:
    """The number of its tiles; 1 for a photo that is looked at as a whole only."""
    return max(1, len(_tiles(photo)))


def _tiles(photo: Image) -> list[tuple[int, int, int, int]]:
    height, width = photo.shape[:2]
    if max(height, width) <= _TILE:
        return []
    return [
        (left, top, right, bottom)
        for top, bottom in _spans(height)
        for left, right in _spans(width)
    ]


def _spans(side: int) -> Iterator[tuple[int, int]]:
    """Equal and overlapping parts of a side, as few as can be."""
    count = max(1, math.ceil((side - _TILES_OVERLAP) / (_TILE - _TILES_OVERLAP)))
    length = math.ceil((side + (count - 1) * _TILES_OVERLAP) / count)
    for number in range(count):
        end = min(side, number * (length - _TILES_OVERLAP) + length)
        yield end - length, end


def _tile(photo: Image, left: int, top: int, right: int, bottom: int) -> View:
    height, width = photo.shape[:2]
    part = photo[top:bottom, left:right]
    shift = np.array([[1, 0, -left], [0, 1, -top]])
    view = _sized(part, max(part.shape[:2]) // 2, 0.0, shift)
    seams = (
        left if left > 0 else -math.inf,
        top if top > 0 else -math.inf,
        right if right < width else math.inf,
        bottom if bottom < height else math.inf,
    )
    return View(view.picture, view.matrix, seams)


def _turn(picture: Image, quarters: int) -> Transform:
    """Where `np.rot90` brings the pixels of a picture."""
    height, width = picture.shape[:2]
    turns = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, width - 1]],
        [[-1, 0, width - 1], [0, -1, height - 1]],
        [[0, -1, height - 1], [1, 0, 0]],
    )
    return np.array(turns[quarters], np.float64)


def _after(first: Transform, second: Transform) -> Transform:
    """What two transforms do one after the other."""
    both = second[:, :2] @ first
    both[:, 2] += second[:, 2]
    return both


def _sized(part: Image, long_side: int, margin: float, before: Transform) -> View:
    """A part of a photo, to which `before` brought it, shrunk to `long_side` or enlarged to
    `_MIN_SIDE` and padded."""
    height, width = part.shape[:2]
    longest = max(height, width)
    scale = min(max(1.0, _MIN_SIDE / longest), long_side / longest)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(part, size, interpolation=how) if scale != 1 else part
    pad = round(margin * max(size))
    canvas = _canvas(size[0] + 2 * pad, size[1] + 2 * pad)
    picture = np.full((canvas[1], canvas[0], 3), 128, np.uint8)
    picture[pad : pad + size[1], pad : pad + size[0]] = sized
    return View(picture, scale * before + [[0, 0, pad], [0, 0, pad]])


def _canvas(width: int, height: int) -> tuple[int, int]:
    """The smallest that a picture of this size fits into."""
    fitting = [canvas for canvas in _CANVASES if canvas[0] >= width and canvas[1] >= height]
    return min(fitting, key=math.prod)


def around(photo: Image, row: Rows, angle: float, side: int, reach: float) -> View:
    """A face's surroundings, `reach` times its size, as a square of `side` pixels that is turned by
    `angle` degrees against the clock."""
    scale = side / (reach * math.sqrt(row[2] * row[3]))
    matrix = _turned_about(middle(row).astype(np.float64), angle, scale, side)
    return View(warp(photo, matrix, side), matrix)


def _turned_about(centre: Doubles, angle: float, scale: float, side: int) -> Transform:
    """What brings a point to the middle of a square of `side` pixels, turned by `angle` degrees
    against the clock."""
    turn = scale * np.exp(-1j * math.radians(angle))
    rotation = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.hstack([rotation, (side / 2 - rotation @ centre)[:, None]])
