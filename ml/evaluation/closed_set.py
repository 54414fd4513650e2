"""Which of the people it was trained on does a version take a photo for? The paper's setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from ml.evaluation.resampling import Ints
from ml.evaluation.samples import Embeddings, enrolled_as, rows_of
from ml.types import AnswersBy, Floats, Image

TOP = 5
"""The likeliest classes that are kept of each answer."""
BATCH = 4096
"""Photos that are compared with all prototypes at a time."""
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Answers:
    """What was answered about the photos of one part: the `TOP` likeliest classes, (N, 5) or fewer
    columns where there are fewer classes, likeliest first; `truth` (N,) is the right class."""

    likeliest: Ints
    truth: Ints

    @classmethod
    def of(cls, probabilities: Floats, truth: Ints) -> Self:
        """From probabilities, or anything else that ranks the classes, (N, C)."""
        return cls.collect([probabilities], truth)

    @classmethod
    def collect(cls, batches: Iterable[Floats], truth: Ints) -> Self:
        """The same batch by batch, for more photos than there is memory for."""
        found = [_likeliest(batch) for batch in batches]
        return cls(np.concatenate(found) if found else np.zeros((0, TOP), np.int64), truth)

    @property
    def best(self) -> Ints:
        """The likeliest class of each photo, (N,)."""
        return self.likeliest[:, 0]

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        """Whether the likeliest class is the right one, (N,)."""
        return np.equal(self.best, self.truth)

    @property
    def hits_in_top(self) -> npt.NDArray[np.bool_]:
        """Whether the right one is among the likeliest, (N,)."""
        among: npt.NDArray[np.bool_] = (self.likeliest == self.truth[:, None]).any(axis=1)
        return among


@dataclass(frozen=True, slots=True)
class Class:
    """How many of a person's photos were taken for that person."""

    label: str
    right: int
    photos: int

    @property
    def accuracy(self) -> float:
        """Share, 0..1."""
        return self.right / self.photos


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many of the `photos` of one person were taken for one other."""

    label: str
    taken_for: str
    times: int
    photos: int


@dataclass(frozen=True, eq=False)
class ClosedSet:
    """The answers about each part of a split. `labels` are the classes; a part may be missing."""

    labels: tuple[str, ...]
    parts: Mapping[str, Answers]

    def accuracy(self, part: str) -> float | None:
        """The share that was answered rightly, 0..1; None where there are no photos."""
        answers = self._answers(part)
        return float(answers.hits.mean()) if answers else None

    def top5(self, part: str = "test") -> float | None:
        """The share whose class is among the five likeliest, 0..1."""
        answers = self._answers(part)
        return float(answers.hits_in_top.mean()) if answers else None

    def per_class(self, part: str = "test") -> list[Class]:
        """Every class that has photos in this part, in order of the classes."""
        answers = self._answers(part)
        if answers is None:
            return []
        photos = np.bincount(answers.truth, minlength=len(self.labels))
        right = np.bincount(answers.truth[answers.hits], minlength=len(self.labels))
        counts = zip(self.labels, right.tolist(), photos.tolist(), strict=True)
        return [Class(label, hit, number) for label, hit, number in counts if number]

    def worst(self, number: int = 10, part: str = "test") -> list[Class]:
        """Classes in which the most goes wrong, worst first; none in which nothing does."""
        wrong = [one for one in self.per_class(part) if one.right < one.photos]
        return sorted(wrong, key=lambda one: (one.accuracy, -one.photos))[:number]

    def most_confused(self, number: int = 10, part: str = "test") -> list[Confusion]:
        """Who is taken for whom, most often first."""
        answers = self._answers(part)
        if answers is None:
            return []
        photos = np.bincount(answers.truth, minlength=len(self.labels))
        wrong = ~answers.hits
        pairs, times = np.unique(
            np.stack([answers.truth[wrong], answers.best[wrong]], axis=1),
            axis=0,
            return_counts=True,
        )
        order = np.lexsort((pairs[:, 0], photos[pairs[:, 0]], -times))[:number]
        return [
            Confusion(self.labels[one], self.labels[other], int(times[row]), int(photos[one]))
            for row, (one, other) in zip(order, pairs[order], strict=True)
        ]

    def summary(self) -> dict[str, Any]:
        """Accuracies of the parts and top-5 of the test part, 0..1 or null, for JSON."""
        accuracies = {part: self.accuracy(part) for part in PARTS}
        return {**accuracies, "top5": self.top5("test"), "classes": len(self.labels)}

    def _answers(self, part: str) -> Answers | None:
        answers = self.parts.get(part)
        return answers if answers is not None and len(answers.truth) else None


class Network(Protocol):
    """What can be asked about crops, uint8 RGB (N, S, S, 3)."""

    def embed(self, crops: Image) -> Floats:
        """Embed them; returns float32 (N, D), each of length 1."""
        ...

    def classify(self, crops: Image) -> Floats:
        """Rank the classes for each; returns float32 (N, C)."""
        ...


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos of the classes `labels`. `classes` (N,) says who is on each, `rows` which are in each
    part, and `crops` makes batches of some of them, uint8 RGB (N, S, S, 3)."""

    labels: Sequence[str]
    classes: Ints
    rows: Mapping[str, Ints]
    crops: Callable[[Ints], Iterable[Image]]


def measure(network: Network, answers_by: AnswersBy, photos: Photos) -> ClosedSet:
    """Ask a network about the photos as it is asked in service: by classes for the likeliest, by
    gallery with the photos of the part train enrolled."""
    if answers_by == "gallery":
        return _by_gallery(network, photos)
    answers = {
        part: Answers.collect(map(network.classify, photos.crops(own)), photos.classes[own])
        for part, own in photos.rows.items()
    }
    return ClosedSet(tuple(photos.labels), answers)


def _by_gallery(network: Network, photos: Photos) -> ClosedSet:
    everything = np.concatenate(list(photos.rows.values()))
    embeddings = Embeddings.of(network.embed, photos.crops(everything))
    ends = np.cumsum([len(own) for own in photos.rows.values()])
    places = np.split(np.arange(len(everything)), ends[:-1])
    parts = dict(zip(photos.rows, places, strict=True))
    return by_prototypes(photos.labels, embeddings, photos.classes[everything], parts)


def by_prototypes(
    labels: Sequence[str], photos: Embeddings, classes: Ints, rows: Mapping[str, Ints]
) -> ClosedSet:
    """What a gallery of these people answers: a photo is taken for the nearest prototype.

    `photos` are all and `classes`, (N,), who is on them; `rows` has those of each part. Prototypes
    are made of those in the part train, where every class has some.
    """
    train = rows["train"]
    own = [train[places] for places in rows_of(classes[train])]
    prototypes = np.stack([enrolled_as(photos[its]) for its in own])
    answers = {
        part: Answers.collect(
            (photos.probes[piece] @ prototypes.T for piece in _pieces(chosen)), classes[chosen]
        )
        for part, chosen in rows.items()
    }
    return ClosedSet(tuple(labels), answers)


def _pieces(rows: Ints) -> Iterator[Ints]:
    """Batch by batch: all at once would take a number for every photo and class."""
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _likeliest(probabilities: Floats) -> Ints:
    order: Ints = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    return order
