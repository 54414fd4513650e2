"""What stands for a person: the direction in which their templates agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ml.types import Doubles, Floats

AGREEMENT_RANGE = 0.3
"""A template that agrees with the person's others this much less than the best one does is left
out. Measured on people of the calibration set with strangers' photos put among theirs."""


def prototype(templates: Mapping[int, tuple[Floats, float]]) -> Floats:
    """That of one person, (D,) float32 of length 1.

    `templates` maps ids to embedding, (D,) float32 of length 1, and quality, 0..1.
    """
    ordered = [templates[template] for template in sorted(templates)]
    embeddings = np.stack([embedding for embedding, _ in ordered])
    qualities = np.array([quality for _, quality in ordered])
    found: Floats = prototypes(embeddings[None], qualities[None])[0]
    return found


def prototypes(embeddings: Floats, qualities: Doubles) -> Floats:
    """Those of P people with N templates each, (P, D) float32 of length 1.

    `embeddings` has shape (P, N, D) and each length 1, `qualities` (P, N) and 0..1.

    A template counts by its quality and by its agreement: the median similarity to the person's
    other templates, against that of the one that agrees best. One wrong or bad photo among several
    good ones then counts for nothing, while two alone have only each other to go by.
    """
    weights = np.maximum(qualities, 0.01).astype(np.float32)
    if embeddings.shape[1] > 2:
        agreement = _agreement(embeddings)
        worse = agreement.max(axis=1, keepdims=True) - agreement
        weights *= (1 - worse / AGREEMENT_RANGE).clip(0, 1)
    sums = (weights[:, None] @ embeddings)[:, 0]
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # Of embeddings that were overwritten with nothing, nothing is left.
    units: Floats = (sums / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return units


def _agreement(embeddings: Floats) -> Floats:
    people, photos, _ = embeddings.shape
    others = ~np.eye(photos, dtype=bool)
    similarities = embeddings @ embeddings.transpose(0, 2, 1)
    agreement: Floats = np.median(
        similarities[:, others].reshape(people, photos, photos - 1), axis=2
    )
    return agreement
