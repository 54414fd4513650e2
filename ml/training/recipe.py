"""What is to be trained, and how."""

from __future__ import annotations

from dataclasses import dataclass

from ml.architectures.network import Stage


@dataclass(frozen=True, slots=True)
class Job:
    """One training run; with the same data it gives the same network, as far as TensorFlow allows.

    `input_size` is the side to which crops are scaled, in pixels. `scale` and `margin` are those
    of the margin softmax, without meaning for `paper`. `augmentations` are names of
    `ml.training.augmentation.AUGMENTATIONS`.
    """

    name: str
    architecture: str
    stages: tuple[Stage, ...]
    seed: int = 0
    batch: int = 64
    input_size: int = 112
    scale: float = 32.0
    margin: float = 0.2
    augmentations: tuple[str, ...] = ("flip", "jitter", "light", "rotation")
    mixed_precision: bool = False
