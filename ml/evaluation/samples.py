"""Photos of people who are held out, as a network embeds them: what it is measured on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np

from ml.calibration import Calibration, Policy, identify
from ml.evaluation.resampling import Ints
from ml.gallery import Gallery
from ml.prototypes import prototype
from ml.templates import Embed, ask_twice, templates
from ml.types import Floats, Identification, Image

ENROL = 3
"""Photos of everybody who is enrolled; a person with no more is only ever a stranger."""
MOST_PHOTOS = 100
"""Photos of one person that are looked at; more of them say little more about people."""


class Photo(NamedTuple):
    """A photo to be asked about, and to be enrolled or asked about again: each (D,) of length 1."""

    probe: Floats
    template: Floats

    def identify(
        self, gallery: Gallery, calibration: Calibration, policy: Policy, *, quality: float = 1.0
    ) -> Identification:
        """Who it is, as the site answers."""
        ask = partial(
            identify, gallery=gallery, calibration=calibration, policy=policy, quality=quality
        )
        return ask_twice(ask, self.probe, lambda: self.template)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Photos as a network embeds them; each is a `Photo`.

    `probes` and `templates` are float32 (N, D), each of length 1, of the same photos.
    """

    probes: Floats
    templates: Floats

    def __len__(self) -> int:
        return len(self.probes)

    def __getitem__(self, rows: Ints | slice) -> Embeddings:
        return Embeddings(self.probes[rows], self.templates[rows])

    def __iter__(self) -> Iterator[Photo]:
        return map(Photo, self.probes, self.templates)

    @property
    def size(self) -> int:
        """D."""
        return int(self.probes.shape[1])

    @classmethod
    def of(cls, embed: Embed, batches: Iterable[Image]) -> Self:
        """Those of crops, batch by batch."""
        both = []
        for crops in batches:
            probes = embed(crops)
            both.append((probes, templates(embed, crops, probes)))
        none = np.zeros((0, 1), np.float32)
        return cls(*map(np.concatenate, zip(*both, strict=True))) if both else cls(none, none)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Photos of people who had no part in training, as one network embeds them.

    `owners`, (N,), has indices of `labels`, of whom everybody has a photo. Two networks are
    compared on the same photos in the same order.
    """

    labels: tuple[str, ...]
    embeddings: Embeddings
    owners: Ints

    def only(self, labels: Collection[str]) -> HeldOut:
        """The photos of some of the people."""
        wanted = frozenset(labels)
        chosen = [number for number, label in enumerate(self.labels) if label in wanted]
        rows = np.flatnonzero(np.isin(self.owners, chosen))
        return HeldOut(
            labels=tuple(self.labels[number] for number in chosen),
            embeddings=self.embeddings[rows],
            owners=np.searchsorted(chosen, self.owners[rows]),
        )

    def without(self, labels: Collection[str]) -> HeldOut:
        """The photos of everybody else."""
        return self.only(set(self.labels) - set(labels))

    def limited(self, most: int = MOST_PHOTOS, *, seed: int = 0) -> HeldOut:
        """At most so many photos of each person, the same ones for every network."""
        rng = np.random.default_rng(seed)
        kept = [np.sort(rng.permutation(own)[:most]) for own in rows_of(self.owners)]
        rows = np.concatenate([np.zeros(0, np.int64), *kept])
        return HeldOut(self.labels, self.embeddings[rows], self.owners[rows])

    @property
    def people(self) -> dict[str, Embeddings]:
        """Embeddings by label, as `ml.evaluation.fitting.fit` takes them."""
        rows = rows_of(self.owners)
        return {label: self.embeddings[own] for label, own in zip(self.labels, rows, strict=True)}

    @property
    def probes(self) -> int:
        """Photos of people who have enough of them to be enrolled."""
        return sum(len(own) for own in rows_of(self.owners) if len(own) > ENROL)


def rows_of(owners: Ints) -> list[Ints]:
    """Which photos are whose, by the index of the person; `owners` is (N,)."""
    if not len(owners):
        return []
    order = np.argsort(owners, kind="stable")
    return np.split(order, np.cumsum(np.bincount(owners))[:-1])


def enrolled_as(photos: Embeddings) -> Floats:
    """The prototype of one person's photos, of equal quality: (D,) of length 1."""
    return prototype({number: (one, 1.0) for number, one in enumerate(photos.templates)})
