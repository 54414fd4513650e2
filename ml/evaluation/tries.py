"""How often the same people were asked before whether a new network is better.

Of many networks that are no better, one looks so by luck. The same seed holds out the same people,
so that who trains again and again until a version passes would be helped by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.data.splits import FILE, load_split
from ml.errors import ArtifactError

SAME = 0.5
"""Share of the photos, from which on it counts as the same people: others come and go meanwhile."""


def before(models: Path, photos: Sequence[tuple[str, str]]) -> int:
    """How many versions in `models` were measured on these photos, or on most of them.

    `photos` are the SHA-256 of each file and of its pixels. A version whose list of files cannot be
    read does not count, nor does one that is only being made.
    """
    splits = sorted(models.glob(f"[!.]*/{FILE}"))
    return sum(_judged(split, photos) for split in splits) if photos else 0


def _judged(split: Path, photos: Sequence[tuple[str, str]]) -> bool:
    try:
        judged = load_split(split).judged
    except ArtifactError:
        return False
    seen = sum(not judged.isdisjoint(photo) for photo in photos)
    return seen >= SAME * len(photos)
