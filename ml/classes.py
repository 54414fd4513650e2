"""Answers of a network's own classes: which of the people whom it was trained on is a probe?

This is the answer of the paper: the class with the highest probability is the person. As a *closed
set* somebody is always named, since everybody who is asked about is taken to be one of these
people. As an *open set* somebody is named from a probability on that only a promised share of
strangers reaches.

The probability of the last layer promises too much: a network that has learned its training photos
by heart is hardly ever in doubt. One number mends that, the temperature T, which is fitted on
photos that the network has not learned from:

    probability(c) = softmax(log p(c) / T),  p = the network's own

See Guo et al., On Calibration of Modern Neural Networks, 2017, https://arxiv.org/abs/1706.04599.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ml.calibration import CANDIDATES, bar_of, judged
from ml.files import read_json
from ml.gallery import Gallery
from ml.types import Candidate, Decision, Doubles, EmbeddedFace, Floats, Identification

SMALLEST = 1e-30
"""A probability below is a rounded zero, whose logarithm would be none."""


@dataclass(frozen=True)
class Classes:
    """What the probabilities of a network's classes mean, as fitted for one version.

    `tail` holds (share of strangers above, log odds of the likeliest class), shares falling, and
    `source` who these strangers were.
    """

    temperature: float
    tail: tuple[tuple[float, float], ...]
    source: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        values = read_json(path)
        tail = tuple((float(share), float(odds)) for share, odds in values["tail"])
        return cls(values["temperature"], tail, values["source"])

    def save(self, path: Path) -> None:
        """Write the numbers as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def probabilities(self, own: Floats) -> Doubles:
        """Calibrated probabilities, (N, C), each row with sum 1, of the network's own, (N, C)."""
        return tempered(own, self.temperature)

    def bar(self, fpir: float) -> float:
        """The probability that a share `fpir` (0..1) of strangers reaches with anybody."""
        return float(1 / (1 + np.exp(-bar_of(self.tail, fpir))))


def tempered(own: Floats, temperature: float) -> Doubles:
    """Probabilities (N, C) at a temperature above 0: the higher, the less they differ."""
    logits = np.log(np.maximum(own.astype(np.float64), SMALLEST)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Doubles = raised / raised.sum(axis=1, keepdims=True)
    return shares


def identify(
    face: EmbeddedFace,
    gallery: Gallery,
    people: Mapping[int, int],
    classes: Classes,
    fpir: float | None,
) -> Identification:
    """Say which of the people whom a network has learned a face is.

    `people` tells by class who of the gallery it is; who is not there is never named. With `fpir`,
    0..1, it may be none of them, and no more than that share of strangers get a name; with None
    the likeliest is always named.

    Raises:
        ValueError: the network that embedded the face has no classes.
    """
    if face.probabilities is None:
        raise ValueError("This network has no classes of its own; it only embeds.")
    chances = _chances(classes.probabilities(face.probabilities[None])[0], people, gallery)
    likeliest = sorted(chances, key=lambda person: -chances[person])[:CANDIDATES]
    candidates = tuple(_candidates(likeliest, chances, face.embedding, gallery))
    bar = 0.0 if fpir is None else classes.bar(fpir)
    best = candidates[0].probability if candidates else 0.0
    decision = Decision.UNKNOWN
    if candidates:
        decision = Decision.MATCH if fpir is None else judged(best >= bar, face.quality.score)
    return Identification(decision, best, bar, 0.0, candidates)


def _chances(
    probabilities: Doubles, people: Mapping[int, int], gallery: Gallery
) -> dict[int, float]:
    """By person of the gallery, who may be several classes."""
    chances: dict[int, float] = defaultdict(float)
    for number, person in people.items():
        if person in gallery:
            chances[person] += float(probabilities[number])
    return chances


def _candidates(
    people: list[int], chances: Mapping[int, float], embedding: Floats, gallery: Gallery
) -> Iterator[Candidate]:
    for person in people:
        likeness = float(gallery.prototype(person) @ embedding)
        evidence = gallery.evidence(person, embedding)
        yield Candidate(person, min(1.0, max(-1.0, likeness)), chances[person], evidence)
