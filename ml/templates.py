"""A face as it is enrolled: what is kept of it to compare later ones with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml.types import Floats, Identification, Image

Embed = Callable[[Image], Floats]
"""Aligned crops, (N, S, S, 3) uint8 RGB, to embeddings, (N, D) float32 of length 1."""


def ask_twice(
    ask: Callable[[Floats], Identification], embedding: Floats, template: Callable[[], Floats]
) -> Identification:
    """Who a face is by its embedding, (D,), and where that is doubtful, by what would be enrolled
    of it, (D,): that is nearer to the person, and takes another inference."""
    answer = ask(embedding)
    return ask(template()) if answer.doubtful else answer


def templates(embed: Embed, crops: Image, embeddings: Floats) -> Floats:
    """The directions between crops and their mirror images, (N, D) float32 of length 1. The crops
    themselves have been embedded before, as `embeddings`, (N, D).

    What only one half of a face shows, light above all, counts for less in them.
    """
    both = embeddings + embed(np.ascontiguousarray(crops[:, :, ::-1]))
    return directions(both)


def directions(vectors: Floats) -> Floats:
    """Each, (N, D), made length 1. Zeros, as of a network that learned nothing, stay zeros, which
    are like nobody."""
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
