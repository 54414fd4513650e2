"""What a score means: a bar for a promised FPIR, a probability, a decision.

A score (`ml.neighbourhood`) is a similarity above what is usual around the face and the person, so
that one bar serves every gallery: that which the promised share of strangers reached when their
best score was looked at in galleries of calibration people. `tail` holds those shares.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np

from ml.files import read_json
from ml.gallery import Gallery
from ml.neighbourhood import Neighbourhood, Scored
from ml.types import Candidate, Decision, Doubles, Floats, Identification

CANDIDATES = 5

MINIMUM_QUALITY = 0.1
"""Of a face, see `ml.quality`. The embedding of a worse one says more about the blur than about the
person, so that it is `unclear`, whomever it is alike."""

ENOUGH_QUALITY = 0.3
"""Of a face that nobody passes: of a worse one it cannot be told that it is of nobody enrolled, so
that it is `unclear` and not `unknown`."""

AMBIGUOUS_ODDS = 4.0
"""An answer is ambiguous when two people pass the bar and the first is less than so many times
likelier than the second."""

STRANGERS = 0.5
"""The share of strangers among those asked about that probabilities presume unless told better."""

DOUBTFUL: Final = (0.05, 0.95)
"""Between these chances of the best person, with `STRANGERS`, an answer is doubtful."""


class Evidence(NamedTuple):
    """What speaks for somebody rather than nobody: log odds of `intercept` + `slope` * score +
    `one_photo` / enrolled photos. The more of them, the higher is the score of whom they show, so
    that one score says less."""

    intercept: float
    slope: float
    one_photo: float = 0.0

    def log_odds(self, score: Doubles, photos: Doubles) -> Doubles:
        """Of people with these scores and numbers of enrolled photos, of any shape; 50 at most."""
        log_odds: Doubles = self.intercept + self.slope * score + self.one_photo / photos
        return np.minimum(log_odds, 50.0)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The fitted numbers of one model version, and where they came from.

    `anchors`, (A, D) float32 of length 1, are directions that are nobody's (`ml.neighbourhood`).
    `tail` holds (share of strangers above, score), shares falling. `evidence` is that of probes of
    whom half are of enrolled people.
    """

    anchors: Floats
    tail: tuple[tuple[float, float], ...]
    evidence: Evidence
    source: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a calibration that `save` wrote."""
        values = read_json(path)
        values["anchors"] = _decoded(values["anchors"])
        values["tail"] = tuple((float(share), float(score)) for share, score in values["tail"])
        values["evidence"] = Evidence(*values["evidence"])
        return cls(**values)

    def save(self, path: Path) -> None:
        """Write the numbers as JSON."""
        path.write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the anchors as float16, which is as exact as they need to be."""
        return asdict(self) | {"anchors": _encoded(self.anchors)}

    def bar(self, fpir: float) -> float:
        """The score that a share `fpir` (0..1) of strangers reaches with anybody enrolled."""
        return bar_of(self.tail, fpir)

    def probabilities(self, scored: Sequence[Scored], strangers: float = STRANGERS) -> list[float]:
        """The chance of each person to be the probe, against each other and against nobody, where a
        share `strangers` (0..1) of all probes is of nobody enrolled."""
        score, photos = np.array([(one.score, one.photos) for one in scored]).reshape(-1, 2).T
        odds = (1 - strangers) / strangers * np.exp(self.evidence.log_odds(score, photos))
        chances: list[float] = (odds / (1.0 + odds.sum())).tolist()
        return chances

    def in_doubt(self, scored: Sequence[Scored]) -> bool:
        """Whether the best of these people may as well be the probe as not."""
        low, high = DOUBTFUL
        return bool(scored) and low < self.probabilities(scored)[0] < high


def bar_of(tail: Sequence[tuple[float, float]], fpir: float) -> float:
    """The value that a share `fpir` (0..1) of strangers reaches, by (share, value), shares falling.

    Beyond the fitted tail the logarithm of the share goes on falling in a straight line.
    """
    shares, values = np.array(tail).T
    logs, wanted = -np.log(shares), -math.log(fpir)
    if wanted <= logs[-1]:
        return float(np.interp(wanted, logs, values))
    slope = (values[-1] - values[-2]) / (logs[-1] - logs[-2])
    return float(values[-1] + (wanted - logs[-1]) * slope)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site promises, and what it presumes: the share of strangers who may be named, and the
    share of strangers among those asked about, each 0..1. `without` are people who it is known not
    to be."""

    fpir: float
    strangers: float = STRANGERS
    without: Set[int] = frozenset()


def identify(
    embedding: Floats,
    gallery: Gallery,
    calibration: Calibration,
    policy: Policy,
    *,
    quality: float = 1.0,
) -> Identification:
    """Say who a probe, (D,) float32 of length 1, is. `quality` is that of the face, 0..1."""
    bar = calibration.bar(policy.fpir)
    here = Neighbourhood(gallery, calibration.anchors, bar)
    scored = here.scores(embedding, CANDIDATES, policy.without)
    probabilities = calibration.probabilities(scored, policy.strangers)
    decision = _decision(scored, probabilities, bar, quality)
    least = bar * here.unit
    if not scored:
        return Identification(decision, 0.0, least + here.nobody(embedding), 0.0, ())
    first = scored[0]
    return Identification(
        decision,
        probabilities[0],
        first.usual + least,
        first.from_gallery,
        tuple(
            Candidate(
                person=one.person,
                similarity=one.similarity,
                probability=probability,
                templates=gallery.evidence(one.person, embedding),
                other_name=one.person in first.other_names,
            )
            for one, probability in zip(scored, probabilities, strict=True)
        ),
        doubtful=calibration.in_doubt(scored),
    )


def _decision(
    scored: Sequence[Scored], probabilities: Sequence[float], bar: float, quality: float
) -> Decision:
    found = judged(bool(scored) and scored[0].score >= bar, quality)
    return _among(scored, probabilities, bar) if found == Decision.MATCH else found


def judged(passes: bool, quality: float) -> Decision:
    """What is said of a face of which somebody `passes` the bar, or nobody: a poor one, `quality`
    being 0..1, is too little to say that it is nobody, and a hopeless one to name anybody."""
    if quality < MINIMUM_QUALITY or not (passes or quality >= ENOUGH_QUALITY):
        return Decision.UNCLEAR
    return Decision.MATCH if passes else Decision.UNKNOWN


def _among(scored: Sequence[Scored], probabilities: Sequence[float], bar: float) -> Decision:
    """Whether the first is the only one who fits, the first being good enough."""
    rivals = [
        odds for one, odds in zip(scored[1:], probabilities[1:], strict=True) if one.score >= bar
    ]
    if rivals and probabilities[0] < AMBIGUOUS_ODDS * rivals[0]:
        return Decision.AMBIGUOUS
    return Decision.MATCH


def _encoded(anchors: Floats) -> dict[str, Any]:
    values = base64.b64encode(anchors.astype("<f2").tobytes()).decode("ascii")
    return {"shape": list(anchors.shape), "float16": values}


def _decoded(stored: dict[str, Any]) -> Floats:
    values = np.frombuffer(base64.b64decode(stored["float16"]), "<f2").reshape(stored["shape"])
    anchors = values.astype(np.float32)
    unit: Floats = anchors / np.linalg.norm(anchors, axis=1, keepdims=True)
    return unit
