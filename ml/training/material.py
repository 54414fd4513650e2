"""What a training learns from, and what it is measured with."""

from __future__ import annotations

from dataclasses import dataclass

from ml.training.data import Dataset
from ml.training.splits import Split
from ml.types import Image


@dataclass(frozen=True)
class Material:
    """What a network learns from: `images` are the crops of `dataset.photos` in their order,
    uint8 RGB (N, 112, 112, 3)."""

    dataset: Dataset
    split: Split
    images: Image

    @property
    def labels(self) -> set[str]:
        """Everybody in the data, also those with too few photos to be of use."""
        people = {identity.label for identity in self.dataset.identities}
        return people | {label for label, _ in self.dataset.left_out}
