"""The rows nearest to probes, found exactly among many: rows are read once for all probes, part by
part, and of each part nothing is kept but what may be among the nearest."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, repeat
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.threads import THREADS
from ml.types import Floats

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PART: Final = 16_384
"""Rows that are looked at at once: their similarities stay in the cache of a core."""
GROUPS: Final = 8
"""For each of the nearest that are looked for: then hardly two of these are in one group."""
NOWHERE: Final = -2.0
"""Below any cosine."""


class Found(NamedTuple):
    """Of which probe, which row, and their similarity."""

    probes: Ints
    rows: Ints
    similarities: Floats


class _Search(NamedTuple):
    """What `nearest` is asked."""

    rows: Floats
    probes: Floats
    k: int
    without: Mask

    def all(self) -> Found:
        starts = range(0, len(self.rows), PART)
        if len(starts) < 2:  # threads would take longer than they save
            return self._in_part(0)
        with ThreadPoolExecutor(THREADS) as pool:
            return Found(*map(np.concatenate, zip(*pool.map(self._in_part, starts), strict=True)))

    def _in_part(self, start: int) -> Found:
        """Some more than the nearest `k` of a part, if as many are there."""
        part = slice(start, start + PART)
        similarities = self.rows[part] @ self.probes.T
        similarities[self.without[part]] = NOWHERE
        at = np.flatnonzero(similarities >= _at_least(similarities, self.k))
        row, probe = np.divmod(at, len(self.probes))
        return Found(probe, row + start, similarities.ravel()[at])


def nearest(rows: Floats, probes: Floats, k: int, without: Mask) -> Iterator[tuple[Ints, Floats]]:
    """For each probe, (B, D), the `k` nearest of the rows, (N, D), all of length 1, and their
    similarities, nearest first. Rows `without`, (N,), do not count."""
    if not len(rows):
        return repeat((np.zeros(0, np.int64), np.zeros(0, np.float32)), len(probes))
    return _in_order(_Search(rows, probes, k, without).all(), len(probes), k)


def _in_order(found: Found, probes: int, k: int) -> Iterator[tuple[Ints, Floats]]:
    order = np.lexsort((found.rows, -found.similarities, found.probes))
    starts = np.searchsorted(found.probes[order], np.arange(probes + 1))
    for first, last in pairwise(starts.tolist()):
        best = order[first : min(last, first + k)]
        yield found.rows[best], found.similarities[best]


def _at_least(similarities: Floats, k: int) -> Floats:
    """A similarity that no fewer than `k` rows reach, and hardly more, for each probe: the best of
    every group are compared, which is much faster than to sort all rows."""
    rows, probes = similarities.shape
    somewhere = np.full(probes, np.nextafter(np.float32(NOWHERE), np.float32(0)))
    if not 0 < k <= rows:
        return somewhere
    size = max(rows // (GROUPS * k), 1)
    groups = rows // size
    best = similarities[: groups * size].reshape(size, groups, probes).max(axis=0)
    kth = np.partition(best, groups - k, axis=0)[groups - k]
    at_least: Floats = np.maximum(kth, somewhere)
    return at_least
