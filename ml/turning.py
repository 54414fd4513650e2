"""Which way up a face is, where the network cannot be trusted to tell from the photo as it lies.

A face that lies or stands on its head is often found all the same, with a lower score and with
landmarks that are wrong: what is cut out by them is nobody. Turned the right way up, the same face
has the highest score of all directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ml import views
from ml.types import Image
from ml.yunet import LANDMARKS, SCORE, Rows, YuNet, face, middle

TILT: Final = 8
"""Degrees up to which landmarks are as good as those of an upright face."""

_CUT: Final = 2
"""Of directions at equal angles so many are cut out of the photo, within a quarter turn; all others
are quarter turns of these."""
_DIRECTIONS: Final = 4 * _CUT
_CELL: Final = (128, 2.2)
"""The side of the square for each, in pixels, and how many times a face's size it holds."""
_LOOKS: Final = ((0, 1.8), (0, 2.2), (7, 2.2), (-7, 2.2))
"""Degrees from upright, and how many times a face's size the square holds: further looks for the
landmarks alone."""
_CUT_ONCE: Final = (176, 2.5)
"""The side of the square that all of these are cut out of, in pixels, and how many times a face's
size it holds: to shrink a part of a photo takes longest."""
_CLOSE_UP: Final = (224, 1.6)
"""The side of a square that is looked at, in pixels, and how many times a face's size it holds. So
close, landmarks stay good where the angle is 20 degrees off; further off, in half as many."""
_FAINT: Final = 0.5
"""The score from which something counts as found in a direction at all."""
_MIN_SCORE: Final = 0.8
"""Scores from which on a direction is compared with the others, and a close-up shows a face."""
_LEAD: Final = 0.02
"""By how much the score of a direction has to exceed that of upright. Of 408 upright faces,
blurred, dark or partly covered, none had one by so much; of 240 turned ones all but 5 %."""


def upright(network: YuNet, photo: Image, row: Rows, *, tells: bool) -> Rows | None:
    """A face that was found in a photo, (H, W, 3), as it is found once it is turned upright.

    None where it is upright already, or no face when looked at closely. `tells` says that its
    landmarks can be trusted to tell the direction.
    """
    found = row if tells else _in_all_directions(network, photo, row)
    for _ in range(2):  # landmarks of a turned face tell too small an angle
        if found is None or abs(angle := face(found).roll) <= TILT:
            return None
        found = close_up(network, photo, found, angle)
    return found


def close_up(network: YuNet, photo: Image, row: Rows, angle: float) -> Rows | None:
    """The face as it is found when looked at closely, turned back by `angle` degrees."""
    view = views.around(photo, row, angle, *_CLOSE_UP)
    return _in_the_middle(network.find(view.picture, _MIN_SCORE), view)


def steadied(network: YuNet, photo: Image, row: Rows) -> Rows:
    """A face with the mean of its landmarks in this and in further looks. In a single one they are
    some hundredths of its size off, by chance, and so is what is cut out by them."""
    side, _ = _CELL
    cut = views.around(photo, row, face(row).roll, *_CUT_ONCE)
    cells = [cut.part(turn, side, reach / _CUT_ONCE[1]) for turn, reach in _LOOKS]
    looks = [row, *(found for found in _side_by_side(network, cells) if found is not None)]
    steady = row.copy()
    steady[LANDMARKS] = np.mean([one[LANDMARKS] for one in looks], axis=0)
    return steady


def _in_all_directions(network: YuNet, photo: Image, row: Rows) -> Rows | None:
    """The face in that direction in which its score is highest."""
    side, reach = _CELL
    cut = [views.around(photo, row, 90 / _CUT * number, side, reach) for number in range(_CUT)]
    cells = [cut[number % _CUT].turned(number // _CUT) for number in range(_DIRECTIONS)]
    found = _side_by_side(network, cells)
    best, near = max(found, key=_score), max(found[0], found[1], found[-1], key=_score)
    return best if _score(best) >= _score(near) + _LEAD else near


def _side_by_side(network: YuNet, cells: Sequence[views.View]) -> list[Rows | None]:
    """The face in the middle of each of an even number of cells: all are in one picture, which
    takes less than one after the other."""
    side, half = len(cells[0].picture), len(cells) // 2
    picture = np.vstack(
        [np.hstack([cell.picture for cell in cells[first : first + half]]) for first in (0, half)]
    )
    rows = network.find(picture, _FAINT)
    return [
        _in_the_middle(_moved(rows, number % half * side, number // half * side), cell)
        for number, cell in enumerate(cells)
    ]


def _moved(rows: Rows, x: int, y: int) -> Rows:
    moved = rows.copy()
    moved[:, [0, *range(4, SCORE, 2)]] -= x
    moved[:, [1, *range(5, SCORE, 2)]] -= y
    return moved


def _in_the_middle(rows: Rows, view: views.View) -> Rows | None:
    """The best of those faces of a square view that are in its middle, in pixels of the photo."""
    side = len(view.picture)
    near = rows[(np.abs(middle(rows) - side / 2) < side / 6).all(axis=1)]
    return view.to_photo(near[near[:, SCORE].argmax()][None])[0] if len(near) else None


def _score(row: Rows | None) -> float:
    return 0.0 if row is None else float(row[SCORE])
