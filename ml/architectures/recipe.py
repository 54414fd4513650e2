"""How a network is trained: asked for, stored, carried out and printed in this one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self

from ml.language import gettext_noop
from ml.types import CROP_SIZE, AnswersBy

Trainable = Literal["head", "last", "all"]
TRAINABLE: Final[Mapping[str, str]] = {
    "head": gettext_noop("the head"),
    "last": gettext_noop("the last blocks"),
    "all": gettext_noop("all layers"),
}
"""Which layers learn, in words."""
AUGMENTATIONS: Final = ("flip", "jitter", "light", "rotation")
"""flip: mirrored half of the time. jitter: moved by up to 4 % of the side and scaled by up to 8 %.
light: contrast by up to 20 %, brightness by up to 20 of 255. rotation: by up to 8 degrees."""
PRECISIONS: Final = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs at one learning rate.

    `trainable` says which layers learn: the head on frozen features, the last blocks too, or all.
    """

    epochs: int
    learning_rate: float
    trainable: Trainable = "all"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training; with the same data it gives the same network, as far as TensorFlow allows.

    `input_size` is the side to which crops are scaled, in pixels. `scale` and `margin` (radians)
    are those of the margin softmax, without meaning for `paper`. `augmentations` are among
    `AUGMENTATIONS`. `precision` is "float32", "bfloat16" or "float16" (mixed), or "auto" as long as
    nobody knows which machine will compute it.

    `answers_by` says how the network is to name people: by the faces that are enrolled, or by its
    own classes, the people it was trained on (`ml.classes`). Those always name somebody, unless
    `open_set` has them say that it is none of them.
    """

    architecture: str
    stages: tuple[Stage, ...]
    batch: int = 64
    input_size: int = CROP_SIZE
    scale: float = 32.0
    margin: float = 0.2
    augmentations: tuple[str, ...] = AUGMENTATIONS
    seed: int = 0
    precision: str = "auto"
    answers_by: AnswersBy = "gallery"
    open_set: bool = False

    @property
    def policy(self) -> str:
        """Keras' name for the precision; weights are float32 in each."""
        return self.precision if self.precision == "float32" else f"mixed_{self.precision}"

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """The same with other values, as they come from JSON."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        if "stages" in given:
            given["stages"] = tuple(Stage(**stage) for stage in given["stages"])
        return replace(self, **given)
