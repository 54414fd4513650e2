"""The ends that margin-softmax networks share. Built of Keras' own layers, so that a saved model
needs no code of ours to be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def cosine_head(embedding: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """Cosines, (N, C), of embeddings of length 1 with a direction for each class."""
    import keras  # noqa: PLC0415  (loads TensorFlow, which serving must not)

    unit = keras.constraints.UnitNorm(axis=0)
    layer = keras.layers.Dense(
        classes, use_bias=False, kernel_constraint=unit, dtype="float32", name="cosines"
    )
    cosines = layer(embedding)
    layer.kernel.assign(unit(layer.kernel))
    return cosines


def softmax(cosines: keras.KerasTensor, scale: float) -> keras.KerasTensor:
    """Probabilities of the classes, (N, C), as the margin softmax has them without its margin."""
    import keras  # noqa: PLC0415

    logits = keras.layers.Rescaling(scale, dtype="float32", name="logits")(cosines)
    return keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
