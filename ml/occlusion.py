"""Which part of a face decided: by how much less alike it is when that part is hidden.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2
(https://arxiv.org/abs/1311.2901): a patch is moved over the picture. All hidden faces are embedded
at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import numpy as np

from ml.types import CROP_SIZE, Floats, Image

CELL: Final = 8
"""The side of a cell of the map, and the step of the patch, in pixels of the crop."""
PATCH: Final = 3
"""The side of the patch, in cells: an eye, or half a mouth."""
CELLS: Final = CROP_SIZE // CELL

Embed = Callable[[Image], Floats]
Patch = tuple[slice, slice]


class Region(StrEnum):
    """Parts of an aligned face, by the rows and columns of cells where they lie."""

    FOREHEAD = "forehead"
    EYES = "eyes"
    NOSE = "nose"
    MOUTH = "mouth"
    CHEEKS = "cheeks"
    CHIN = "chin"


_PLACES: Final[dict[Region, tuple[Patch, ...]]] = {
    Region.FOREHEAD: ((slice(0, 4), slice(0, 14)),),
    Region.EYES: ((slice(5, 8), slice(2, 12)),),
    Region.NOSE: ((slice(8, 10), slice(5, 9)),),
    Region.MOUTH: ((slice(10, 13), slice(4, 10)),),
    Region.CHEEKS: ((slice(8, 12), slice(0, 4)), (slice(8, 12), slice(10, 14))),
    Region.CHIN: ((slice(13, 14), slice(3, 11)),),
}


def heat(crop: Image, prototype: Floats, embed: Embed) -> Floats:
    """How much of the similarity goes when a cell of the face is hidden, (14, 14) float32.

    `crop` is an aligned face, (112, 112, 3) uint8 RGB, `prototype`, (D,) float32 of length 1, that
    of the person. A cell has the mean over all patches that hide it. Negative where hiding makes
    the face more alike.
    """
    patches = list(_patches())
    embeddings = embed(np.stack([crop, *(_hidden(crop, patch) for patch in patches)]))
    whole, *hidden = embeddings @ prototype
    falls, covered = np.zeros((2, CELLS, CELLS), np.float32)
    for patch, similarity in zip(patches, hidden, strict=True):
        falls[patch] += whole - similarity
        covered[patch] += 1
    return falls / covered


def _patches() -> Iterator[Patch]:
    for top in range(CELLS - PATCH + 1):
        for left in range(CELLS - PATCH + 1):
            yield slice(top, top + PATCH), slice(left, left + PATCH)


def _hidden(crop: Image, patch: Patch) -> Image:
    """With the face's own mean colour in the place of the patch."""
    copy = crop.copy()
    rows, columns = (slice(side.start * CELL, side.stop * CELL) for side in patch)
    copy[rows, columns] = crop.mean(axis=(0, 1)).astype(np.uint8)
    return copy


def strongest(falls: Floats) -> Region:
    """The part of the face with the largest mean of a map of `heat`."""
    return max(_PLACES, key=lambda region: _mean(falls, region))


def _mean(falls: Floats, region: Region) -> float:
    return float(np.concatenate([falls[place].ravel() for place in _PLACES[region]]).mean())
