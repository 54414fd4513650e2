"""What every architecture hands to the trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml.architectures.recipe import Recipe, Trainable
from ml.types import Floats

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Network:
    """One graph with the ends that training and serving need.

    `crops`: float32 (N, 112, 112, 3), RGB, 0..255. `embedding`: (N, D), length 1. `scores`: (N, C),
    what `loss` compares with class indices (N,). `probabilities`: (N, C), each row sums to 1.
    `features`, where there are any, are the output of the layers that stay frozen in a stage that
    trains the head, and `is_trainable` tells which of the layers learn in which stage. `set_map`
    sets a linear map behind these features, (D, D), which is computed from them and does not learn.
    """

    crops: keras.KerasTensor
    embedding: keras.KerasTensor
    scores: keras.KerasTensor
    probabilities: keras.KerasTensor
    loss: keras.losses.Loss
    features: keras.KerasTensor | None = None
    is_trainable: Callable[[str, Trainable], bool] = lambda _layer, _trainable: True
    set_map: Callable[[Floats], None] | None = None

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
class Architecture:
    """All that differs between one network that can be trained and another.

    `title` and `explanation` are for whoever chooses one. `build` makes the network for a number of
    classes, with random weights. `recipe` is how it trains best, as far as we have measured: see
    docs/training.md. `packaged`, where there is one, gives the weights that a training begins with,
    by layer: those that come with facesite. Never those of a version that the site has trained: it
    may have learned people whom the new one must not know, because they are held out now or were
    erased since.
    """

    title: str
    explanation: str
    build: Callable[[int, Recipe], Network]
    recipe: Recipe
    packaged: Callable[[], Mapping[str, list[Any]]] | None = None

    @property
    def has_frozen_features(self) -> bool:
        """Whether a first stage trains nothing but a head, which takes no graphics processor."""
        return self.recipe.stages[0].trainable == "head"


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
