"""How much likeness is usual around a face: what a similarity has to be seen against.

A stranger is named wrongly when the most alike of all enrolled people is alike enough, and what is
enough differs: among many people, or among people whom the network tells apart badly, somebody is
always rather alike. So a similarity counts by what it has above the likeness that is usual there,

    score = (s - a * mean of the probe's nearest k - b * mean of the person's own nearest k) / u,

where these are other people of the gallery and *anchors*: directions that are nobody's, drawn as
people's prototypes lie (`ml.evaluation.fitting`), so that a small gallery has a neighbourhood too.
One bar then serves every gallery. Of the likeness that size alone brings no more than the whole is
taken away (`_of_size`), and u is what a step is worth among so many people (`unit`). In speaker
verification this is adaptive symmetric normalisation of scores (Matějka et al., Interspeech 2017,
https://doi.org/10.21437/Interspeech.2017-1393), with the gallery as the cohort. How k, a and b were
chosen is in docs/decision.md.

Entries that are probably one person under several names are nobody's rivals and nobody's
neighbours: each would keep the site from naming the other. They are found by the rule itself: it
would name the one when asked about the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ml.around import AROUND, Neighbour
from ml.gallery import Gallery
from ml.types import Floats

NEIGHBOURS = 2
"""k above: the nearest people or anchors whose mean likeness is the usual one."""
PROBE_WEIGHT = 0.75
"""a above."""
PERSON_WEIGHT = 0.4
"""b above."""
ENOUGH = 12
"""Other people. The nearest of fewer are less alike than those of a larger gallery would be."""
UNSEEN = 0.1
"""By how much less in similarity, at the most; by nothing from `ENOUGH` others on."""
MIDDLING = 26
"""People: in a gallery of so many a score is as it stands, a difference of similarities."""
OTHER_NAMES = 3
"""Further names, at the most, under which somebody is recognised to be enrolled."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A person who may be the probe: the similarity, and how much of it is usual there.

    `unit` is the similarity that a score of 1 is worth in this gallery.
    `from_gallery` is how much of what is usual is due to other people of the gallery.
    `other_names` are entries that look like the same person, `photos` those enrolled of this one.
    """

    person: int
    photos: int
    similarity: float
    usual: float
    unit: float
    from_gallery: float
    other_names: frozenset[int]

    @property
    def score(self) -> float:
        """The similarity above what is usual, in units of the gallery."""
        return (self.similarity - self.usual) / self.unit


@dataclass(frozen=True)
class _Surroundings:
    """Who is around a face or a person, nearest first, and the likeness to the nearest anchors."""

    near: Sequence[Neighbour]
    anchors: list[float]

    def usual(self, without: Set[int]) -> float:
        """The mean likeness to the nearest, some people left out; where there are few others, what
        it would probably be if there were more of their kind."""
        others = [one.similarity for one in self.near if one.person not in without]
        nearest = sorted([*others[:NEIGHBOURS], *self.anchors], reverse=True)[:NEIGHBOURS]
        usual = sum(nearest) / NEIGHBOURS
        if 0 < len(others) < ENOUGH:
            few = others[:NEIGHBOURS]
            usual = max(usual, sum(few) / len(few) + UNSEEN * (1 - len(others) / ENOUGH))
        return usual

    @cached_property
    def of_anchors(self) -> float:
        """What would be usual if nobody were enrolled."""
        return sum(self.anchors) / NEIGHBOURS

    def until(self, person: int) -> frozenset[int]:
        """A person, and everybody who is nearer."""
        people = [one.person for one in self.near]
        return frozenset(people[: people.index(person) + 1] if person in people else people)


class _Alike(NamedTuple):
    """Somebody near a person, with everybody who is nearer, and what is usual without these."""

    near: Neighbour
    nearer: frozenset[int]
    usual: float


class Neighbourhood:
    """A gallery with anchors, (A, D) float32 of length 1, asked by one bar.

    `bar` is the score from which somebody is named; it decides who is one person with whom.
    """

    def __init__(self, gallery: Gallery, anchors: Floats, bar: float) -> None:
        self._gallery, self._anchors = gallery, anchors
        self._known: dict[int, _Surroundings] = {}
        self._too_much = (PROBE_WEIGHT + PERSON_WEIGHT - 1) * _of_size(gallery.people, anchors)
        self.unit = unit(gallery.people, len(anchors))
        self._least = bar * self.unit - self._too_much

    def nobody(self, embedding: Floats) -> float:
        """The likeness that is usual around a probe while nobody is enrolled."""
        return PROBE_WEIGHT * self._around_probe(embedding, ()).of_anchors

    def scores(self, embedding: Floats, most: int, without: Set[int] = frozenset()) -> list[Scored]:
        """The people who may be a probe, (D,) float32 of length 1, the likeliest first, `most` of
        them at most. Of those `without` whom it is asked nothing is usual around the probe: they
        may be as alike as they like."""
        found = self._gallery.search(embedding, max(AROUND, most) + len(without))
        near = [one for one in found if one.person not in without]
        self._remember([one.person for one in near[:most]])
        probe = self._around_probe(embedding, near)
        scored = [self._scored(one, probe) for one in near[:most]]
        return sorted(scored, key=lambda one: -one.score)

    def _remember(self, people: Sequence[int]) -> None:
        """Have searched for all who are going to be asked about, in two steps and not one by one:
        in a large gallery nothing takes longer."""
        self._gallery.remember(people)
        others = {one.near.person for person in people for one in self._alike(person)}
        self._gallery.remember([*others])

    def _scored(self, near: Neighbour, probe: _Surroundings) -> Scored:
        same = self.other_names(near.person)
        person = self._around_person(near.person)
        usual = _weighted(probe.usual({near.person} | same), person.usual(same)) - self._too_much
        of_anchors = _weighted(probe.of_anchors, person.of_anchors)
        photos = self._gallery.photos_of(near.person)
        from_gallery = usual - of_anchors
        return Scored(near.person, photos, near.similarity, usual, self.unit, from_gallery, same)

    def other_names(self, person: int) -> frozenset[int]:
        """Entries that are probably the same person: the nearest of all, or the nearest once those
        before it are known to be."""
        found = frozenset[int]()
        for one in self._alike(person):
            other = self._around_person(one.near.person)
            there = other.usual(other.until(person))
            usual = _weighted(max(one.usual, there), min(one.usual, there))
            if one.near.similarity - usual > self._least:
                found = one.nearer
        return found

    def _alike(self, person: int) -> Iterator[_Alike]:
        """Entries that are the same person as far as can be told by what is around that one."""
        around = self._around_person(person)
        for near in around.near[:OTHER_NAMES]:
            if near.similarity <= self._least:  # a score is never higher than that
                break
            nearer = around.until(near.person)
            if len(around.near) - len(nearer) < NEIGHBOURS:  # too few others to tell what is usual
                break
            usual = around.usual(nearer)
            if near.similarity - PROBE_WEIGHT * usual > self._least:
                yield _Alike(near, nearer, usual)

    def _around_person(self, person: int) -> _Surroundings:
        if person not in self._known:
            anchors = self._to_anchors(self._gallery.prototype(person))
            self._known[person] = _Surroundings(self._gallery.around(person), anchors)
        return self._known[person]

    def _around_probe(self, embedding: Floats, near: Sequence[Neighbour]) -> _Surroundings:
        return _Surroundings(near, self._to_anchors(embedding))

    def _to_anchors(self, embedding: Floats) -> list[float]:
        similarities: list[float] = np.partition(self._anchors @ embedding, -NEIGHBOURS).tolist()
        return similarities[-NEIGHBOURS:]


def unit(people: int, anchors: int) -> float:
    """The similarity that a score of 1 is worth beside so many people and anchors.

    It is the less, the more there are: the largest of n normal variables differs by about
    1 / sqrt(2 ln n) deviations from one stranger to the next.
    """
    return math.sqrt(math.log(MIDDLING + anchors) / math.log(people + anchors))


def _of_size(people: int, anchors: Floats) -> float:
    """How much more alike the nearest are because there are more people than anchors: the largest
    of n normal variables lies about sqrt(2 ln n) deviations above their mean."""
    deviation = float((anchors @ anchors[0])[1:].std())
    return deviation * (
        math.sqrt(2 * math.log(people + len(anchors))) - math.sqrt(2 * math.log(len(anchors)))
    )


def _weighted(around_probe: float, around_person: float) -> float:
    return PROBE_WEIGHT * around_probe + PERSON_WEIGHT * around_person
