"""What every architecture hands to the trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras

Opened = Literal["head", "last", "all"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Some epochs at one learning rate.

    `opened` says which layers learn: the head on frozen features, the last blocks too, or all.
    """

    epochs: int
    learning_rate: float
    opened: Opened = "all"


CROP_SIZE = 112


@dataclass(frozen=True, slots=True)
class Shape:
    """What a network depends on.

    `input_size` is the side in pixels to which the network scales its crops. `scale` and `margin`
    (radians) are those of the margin softmax; `paper` has none.
    """

    classes: int
    input_size: int = CROP_SIZE
    scale: float = 32.0
    margin: float = 0.2


@dataclass(frozen=True)
class Network:
    """One graph with the ends that training and serving need.

    `crops`: float32 (N, 112, 112, 3), RGB, 0..255. `embedding`: (N, D), length 1. `scores`: (N, C),
    what `loss` compares with class indices (N,). `probabilities`: (N, C), each row sums to 1.
    `features`, where there are any, are the output of the layers that a stage with `opened="head"`
    leaves frozen, and `opened` tells which of the layers learn in the other stages.
    """

    crops: keras.KerasTensor
    embedding: keras.KerasTensor
    scores: keras.KerasTensor
    probabilities: keras.KerasTensor
    loss: keras.losses.Loss
    features: keras.KerasTensor | None = None
    learns: Callable[[str, Opened], bool] = lambda _layer, _opened: True

    def trained(self) -> keras.Model:
        """The network from crops to scores."""
        return _model(self.crops, self.scores)

    def served(self) -> keras.Model:
        """The network from crops to embedding and probabilities, in this order."""
        return _model(self.crops, [self.embedding, self.probabilities])

    def trunk(self) -> keras.Model:
        """The frozen layers, from crops to features."""
        return _model(self.crops, self.features)

    def head(self) -> keras.Model:
        """What learns on frozen features, from features to scores."""
        return _model(self.features, self.scores)


@dataclass(frozen=True, slots=True)
class Defaults:
    """How an architecture trains best, as far as we have measured: see docs/training.md."""

    stages: tuple[Stage, ...]
    batch: int
    augmentations: tuple[str, ...]
    scale: float = 32.0
    margin: float = 0.2


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network that can be trained.

    `packaged`, where there is one, gives the weights that a training begins with, by layer: those
    that come with facesite. Never those of a version that the site has trained: it may have learned
    people whom the new one must not know, because they are held out now or were erased since.
    """

    build: Callable[[Shape], Network]
    defaults: Defaults
    packaged: Callable[[], Mapping[str, list[Any]]] | None = None


def adopt(network: keras.Model, weights: Mapping[str, list[Any]]) -> list[str]:
    """Set the weights of all layers that have the name and the shapes of those in `weights`.

    Returns the names of the layers that were set.
    """
    adopted = []
    for layer in network.layers:
        own, others = layer.get_weights(), weights.get(layer.name, [])
        if own and [one.shape for one in own] == [getattr(one, "shape", ()) for one in others]:
            layer.set_weights(others)
            adopted.append(layer.name)
    return adopted


def _model(inputs: object, outputs: object) -> keras.Model:
    import keras  # noqa: PLC0415  (loads TensorFlow, which serving must not)

    return keras.Model(inputs, outputs)
