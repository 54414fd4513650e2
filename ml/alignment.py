"""Bringing a face into the position that the networks were trained on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ml.types import CROP_SIZE, Floats, Image

TEMPLATE: Floats = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    dtype=np.float32,
)
"""Where the five landmarks lie in an aligned crop, pixels (x, y): the template of ArcFace,
https://arxiv.org/abs/1801.07698."""

Transform = npt.NDArray[np.float64]
"""(2, 3): a rotation, scale and shift for column vectors (x, y, 1)."""


def align(photo: Image, landmarks: Floats) -> Image:
    """Cut one face out of an RGB photo, (H, W, 3) uint8, upright and of standard size.

    `landmarks` are (5, 2), pixels of the photo. Returns (112, 112, 3) uint8 RGB; what lies outside
    the photo is black.
    """
    return warp(photo, similarity_transform(landmarks, TEMPLATE), CROP_SIZE)


def warp(photo: Image, transform: Transform, side: int) -> Image:
    """The square of `side` pixels, (side, side, 3), that a similarity makes of a part of a photo.
    What lies outside the photo is black."""
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    if scale < 0.5:
        photo, transform = _shrunk(photo, transform, scale, side)
    size = (side, side)
    return np.asarray(cv2.warpAffine(photo, transform, size, flags=cv2.INTER_LINEAR), np.uint8)


def similarity_transform(source: Floats, target: Floats) -> Transform:
    """The rotation, scale and shift that bring `source` nearest to `target`, both (K, 2).

    Least squares after Umeyama 1991,
    https://doi.org/10.1109/34.88573, which in two dimensions is one complex division.
    """
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    from_points = (source - from_mean) @ np.array([1, 1j])
    to_points = (target - to_mean) @ np.array([1, 1j])
    factor = np.vdot(from_points, to_points) / np.vdot(from_points, from_points).real
    rotation = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.hstack([rotation, (to_mean - rotation @ from_mean)[:, None]])


def _shrunk(photo: Image, transform: Transform, scale: float, side: int) -> tuple[Image, Transform]:
    """The part of the photo that the square shows, at about its scale, and the transform for it.

    A warp looks at four pixels for each pixel of the square; out of a large face it would pick some
    and skip the rest.
    """
    (left, top), (right, bottom) = _shown(photo, transform, scale, side)
    part = photo[top:bottom, left:right]
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    factors = np.array([part.shape[1] / size[0], part.shape[0] / size[1]])
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Pixel centres: x in the photo is (u + 1/2) * factor - 1/2 + left for u in the small part.
    shift = (factors - 1) / 2 + [left, top]
    rotation = transform[:, :2]
    moved = (rotation @ shift + transform[:, 2])[:, None]
    return small, np.hstack([rotation * factors, moved])


def _shown(photo: Image, transform: Transform, scale: float, side: int) -> npt.NDArray[np.int64]:
    """The left and top, and the right and bottom, (2, 2), of what the square shows of the photo,
    with two of its pixels around. At least one pixel of the photo, however far away it lies."""
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) - transform[:, 2]
    there = corners @ np.linalg.inv(transform[:, :2]).T
    around = 2 / scale
    first, last = there.min(axis=0) - around, there.max(axis=0) + around
    end = np.array(photo.shape[1::-1])
    first = np.clip(first, 0, end - 1).astype(np.int64)
    return np.stack([first, np.clip(last.astype(np.int64) + 1, first + 1, end)])
