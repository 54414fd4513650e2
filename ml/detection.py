"""Finding every face in a photo, whatever its size and whichever way up it is.

The photo is looked at as a whole, and in parts where it is large. A face that YuNet is not sure of
is then looked at closely in all directions, and where no face was found at all, so is the photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

import numpy as np

from ml import views
from ml.turning import TILT, close_up, steadied, upright
from ml.types import DetectedFace, Image
from ml.yunet import SCORE, Rows, YuNet, best_of_overlapping, face, middle, size

MIN_SCORE: Final = 0.6
"""The score from which something is a face as it lies in the photo."""
_HINT: Final = 0.3
"""The score from which something may be a face that is turned, and is looked at closely."""
_MIN_SCORE_TURNED: Final = 0.88
"""The score, once it is turned upright, from which that is a face. Of 360 turned faces of LFW 358
score higher; in 400 photos without a face, four things score .81 to .86."""
_SURE: Final = 0.91
"""The score from which a face need not be looked at closely. Of upright faces of LFW 92 % score
higher in every view that shows them large enough, at an angle within `TILT`; of faces turned by 45
or 180 degrees 3 % do."""
_SIZES_SEEN_WELL: Final = (40, 300)
"""The smallest and the largest side of a face, in pixels of a view, that YuNet scores reliably."""
_SMALL: Final = 120
"""The side of a face, in pixels of a large photo, below which it is looked at closely: large photos
are shrunk to be looked at, and half of that is too little for exact landmarks."""
_LOOKED_AT_CLOSELY: Final = 64
"""Faces of a photo, at most: those with the highest scores."""


class Detector:
    """One instance may be used by one thread at a time."""

    def __init__(self, network: YuNet) -> None:
        self._network = network

    @classmethod
    def load(cls) -> Self:
        """Load the packaged network.

        Raises:
            WeightsMissing: see `ml.weights.weights_path`.
        """
        return cls(YuNet.load())

    def detect(self, photo: Image) -> list[DetectedFace]:
        """Find all faces in an RGB photo, (H, W, 3) uint8, from left to right."""
        rows = self._as_it_lies(photo)
        if not len(rows):
            rows = self._turned(photo)
        for index, row in enumerate(rows[:_LOOKED_AT_CLOSELY]):
            rows[index] = steadied(self._network, photo, row)
        return sorted(map(face, rows), key=lambda found: found.box.x)

    def _as_it_lies(self, photo: Image) -> Rows:
        whole = self._whole(photo)
        parts = [self._look(view) for view in views.tiles(photo)]
        rows = best_of_overlapping(np.concatenate([*(found for _, found in whole), *parts]))
        for index, row in enumerate(rows[:_LOOKED_AT_CLOSELY]):
            better = self._better(photo, row, clear=_clearly_seen(row, whole), shrunk=bool(parts))
            rows[index] = row if better is None else better
        return best_of_overlapping(rows[rows[:, SCORE] >= MIN_SCORE])

    def _whole(self, photo: Image) -> list[tuple[views.View, Rows]]:
        """The views of the whole photo, and what they show. The small one is left out where the
        large one shows faces that are all clear: one that fills the frame would show in it, too,
        but never clearly. Of a small photo both are as large, and the better counts."""
        looked: list[tuple[views.View, Rows]] = []
        for view in views.whole(photo):
            looked.append((view, self._look(view)))
            if max(view.picture.shape) > 2 * views.SMALL_VIEW and _all_clear(*looked[0]):
                break
        return looked

    def _better(self, photo: Image, row: Rows, *, clear: bool, shrunk: bool) -> Rows | None:
        """A closer look at a face that may be turned or is small; None if it needs none."""
        roll = face(row).roll
        if not clear or abs(roll) > TILT:
            turned = upright(self._network, photo, row, tells=clear)
            if turned is not None and (row[SCORE] >= MIN_SCORE or _is_a_face(turned)):
                return turned
        if shrunk and size(row) < _SMALL and row[SCORE] >= MIN_SCORE:
            return close_up(self._network, photo, row, roll)
        return None

    def _turned(self, photo: Image) -> Rows:
        """The turned faces of a photo in which no upright one was found."""
        found = [self._look(view) for turn in (1, 2, 3) for view in views.whole(photo, turn)]
        rows = best_of_overlapping(np.concatenate(found))[:_LOOKED_AT_CLOSELY]
        faces = [upright(self._network, photo, row, tells=row[SCORE] >= _SURE) for row in rows]
        turned = [row for row in faces if row is not None and _is_a_face(row)]
        return best_of_overlapping(np.stack(turned)) if turned else rows[:0]

    def _look(self, view: views.View) -> Rows:
        return view.to_photo(self._network.find(view.picture, _HINT))


def _is_a_face(turned: Rows) -> bool:
    return bool(turned[SCORE] >= _MIN_SCORE_TURNED)


def _all_clear(view: views.View, rows: Rows) -> bool:
    faces = best_of_overlapping(rows)
    smallest, largest = _SIZES_SEEN_WELL
    sides = size(faces) * view.scale
    clear = (faces[:, SCORE] >= _SURE) & (smallest <= sides) & (sides <= largest)
    return bool(len(faces) and clear.all())


def _clearly_seen(row: Rows, whole: Sequence[tuple[views.View, Rows]]) -> bool:
    """Whether the face has a high score, in each view in which its size allows one."""
    smallest, largest = _SIZES_SEEN_WELL
    for view, rows in whole:
        if smallest <= size(row) * view.scale <= largest:
            same = np.hypot(*(middle(rows) - middle(row)).T) < size(row) / 2
            if not (rows[same, SCORE] >= _SURE).any():
                return False
    return bool(row[SCORE] >= _SURE)
