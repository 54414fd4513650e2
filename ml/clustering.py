"""Faces that are probably of one person, though nobody has said whose they are.

Two groups of faces are as much alike as their pairs are on average (average linkage): one odd pair
neither joins two people nor parts one. Of that likeness it counts what is above the likeness that
is usual around either, since rendered people, children or brothers are more alike than others:

    score(A, B) = mean s(a, b) - w * (mean U(a) + mean U(b)),

where U(a) is the mean cosine of a face with the nearest two of its cohort: people of the gallery,
who are not the ones asked about, and anchors (`ml.neighbourhood`). The pair of groups that lie
nearest to each other joins, again and again, until no score reaches the bar: that is the same as
joining the nearest pair of all each time, as groups never come nearer to a third by joining
(F. Murtagh, The Computer Journal 26, 1983, https://doi.org/10.1093/comjnl/26.4.354).

How the numbers were chosen, and what they give, is in docs/strangers.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.types import Floats

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BAR: Final = 0.2
"""The score from which two groups are one person."""
WEIGHT: Final = 0.4
"""w above."""
LEAST_USUAL: Final = 0.3
"""What is usual at the least: of a gallery that has nobody of their kind, nothing is known about
people who are all alike. So no two faces join by themselves that are less than 0.44 alike."""
COHORT: Final = 500
"""People of the gallery that are looked at, at the most: among more of them somebody would be more
alike by number alone."""
NEAREST: Final = 2
CELLS: Final = 1 << 24
"""Similarities in memory at a time: 64 MB."""
NEVER: Final = -9.0
"""Less than any score."""


def usual(embeddings: Floats, cohort: Floats) -> Floats:
    """U above of each face, (N, D) to (N,), among a cohort of two or more, (C, D), all of
    length 1."""
    found = np.zeros(len(embeddings), np.float32)
    for part in _parts(len(embeddings), len(cohort)):
        likeness = np.partition(embeddings[part] @ cohort.T, -NEAREST, axis=1)
        found[part] = likeness[:, -NEAREST:].mean(axis=1)
    return np.maximum(found, np.float32(LEAST_USUAL))


def together(embeddings: Floats, around: Floats, groups: Ints, fixed: Bools) -> Ints:
    """The group of each face, (N,), once those have joined that are probably of one person.

    `embeddings` are (N, D) of length 1, `around` (N,) is what is `usual` around them. `groups`,
    (N,), says in which they are: those below K are known, of which `fixed`, (K,), never join each
    other or another known one; faces that are new have a number each, from K on. Of two groups
    that join, the smaller number stays. It searches for what is new and for what that changes.
    """
    state = _Groups(embeddings, around, groups, fixed)
    while len(pairs := state.nearest_pairs()):
        state.join(pairs)
    return state.now[groups]


def best_few(embeddings: Floats, qualities: Floats, most: int) -> list[int]:
    """Which faces of one person say most about them, `most` at the most: good ones, (N,) from 0 to
    1, that are unlike each other, (N, D). The best one comes first."""
    worth, chosen = qualities.astype(np.float64), list[int]()
    while len(chosen) < min(most, len(qualities)):
        chosen.append(int(worth.argmax()))
        likeness = embeddings @ embeddings[chosen].T
        worth = qualities * (1 - likeness.max(axis=1).clip(0, 1))
        worth[chosen] = -1
    return chosen


class _Groups:
    """Groups by number. `best` is which other each is nearest to, `score` how near, NaN as long as
    that is unknown, and `second` is reached by nobody else. Whoever joins another is gone.

    Nearness to a group that two have joined is at most the larger of that to either. So a second
    that was once seen stays a limit, and nobody has to search again
    whose nearest is still above it.
    """

    def __init__(self, embeddings: Floats, around: Floats, groups: Ints, fixed: Bools) -> None:
        count = int(groups.max(initial=len(fixed) - 1)) + 1
        self._fixed, self._known = np.flatnonzero(fixed), len(fixed)
        self._sizes = np.bincount(groups, minlength=count).astype(np.float32)
        # The last column has what is usual: the product with a 1 there is a score.
        weighted = np.column_stack([embeddings, -WEIGHT * around]).astype(np.float32)
        self._means = np.zeros((count, weighted.shape[1]), np.float32)
        np.add.at(self._means, groups, weighted)
        self._means /= np.maximum(self._sizes, 1)[:, None]
        self._best = np.zeros(count, np.int64)
        self._score, self._second = np.full((2, count), np.nan, np.float32)
        self._open = np.arange(self._known, count)
        self.now = np.arange(count)

    def nearest_pairs(self) -> Ints:
        """Groups that are each other's nearest and reach the bar, (P, 2), the smaller first."""
        self._search(self._open)
        self._open = self._open[self._score[self._open] >= BAR]
        self._search(np.unique(self._best[self._open]))
        mutual = self._open[self._best[self._best[self._open]] == self._open]
        return np.unique(np.sort(np.stack([mutual, self._best[mutual]], axis=1)), axis=0)

    def join(self, pairs: Ints) -> None:
        """Let the second of each pair become a part of the first."""
        kept, gone = pairs.T
        shares = self._sizes[pairs] / self._sizes[pairs].sum(axis=1, keepdims=True)
        self._means[kept] = (self._means[pairs] * shares[..., None]).sum(axis=1)
        self._sizes[kept] += self._sizes[gone]
        self._sizes[gone] = 0
        renamed = np.arange(len(self.now))
        renamed[gone] = kept
        self.now, self._best = renamed[self.now], renamed[self._best]
        self._look_again(np.flatnonzero(np.isin(self._best, kept)))
        beyond = self._second[pairs].max(axis=1)
        self._score[kept] = np.where(beyond < BAR, beyond, np.nan)
        self._open = np.setdiff1d(np.union1d(self._open, kept), gone)

    def _look_again(self, groups: Ints) -> None:
        """How near they are to the nearest, which has changed, as long as that is the nearest."""
        own, others = self._means[groups], self._means[self._best[groups]]
        scores = np.einsum("nd,nd->n", own[:, :-1], others[:, :-1]) + own[:, -1] + others[:, -1]
        self._score[groups] = np.where(scores >= self._second[groups], scores, np.nan)

    def _search(self, groups: Ints) -> None:
        """Among those that may still join somebody: who is near to nobody stays so."""
        unknown = groups[np.isnan(self._score[groups])]
        others = np.flatnonzero((self._sizes > 0) & ~(self._score < BAR))
        means = self._means[others]
        for part in _parts(len(unknown), len(others)):
            rows = unknown[part]
            own = self._means[rows]
            around, own[:, -1] = own[:, -1].copy(), 1
            scores = self._allowed(own @ means.T, rows, others)
            each, best = np.arange(len(rows)), scores.argmax(axis=1)
            self._best[rows], self._score[rows] = others[best], scores[each, best] + around
            scores[each, best] = NEVER
            self._second[rows] = scores.max(axis=1) + around

    def _allowed(self, scores: Floats, rows: Ints, others: Ints) -> Floats:
        """The same without those of a group with itself, and of pairs that never join."""
        scores[np.arange(len(rows)), np.searchsorted(others, rows)] = NEVER
        if len(self._fixed):
            known = others < self._known
            scores[np.ix_(rows < self._known, np.isin(others, self._fixed))] = NEVER
            scores[np.ix_(np.isin(rows, self._fixed), known)] = NEVER
        return scores


def _parts(rows: int, columns: int) -> Iterator[slice]:
    """So many rows at a time that their similarities with all columns have a place."""
    at_a_time = max(1, CELLS // max(1, columns))
    return (slice(start, start + at_a_time) for start in range(0, rows, at_a_time))
