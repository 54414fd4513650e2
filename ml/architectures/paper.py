"""The paper's network: two 5×5 convolutions and two dense layers, trained from scratch.

The paper gives filters, kernels, pooling and dropout. Where it is silent we take what Keras does by
default (no padding) and, for the first dense layer, 128 units, the size of the default embedding.
"""

from __future__ import annotations

from ml.architectures.network import Architecture, Network
from ml.architectures.recipe import Recipe, Stage
from ml.language import gettext_noop
from ml.types import CROP_SIZE

EMBEDDING_SIZE = 128


def build(people: int, recipe: Recipe) -> Network:
    """Build the network with random weights."""
    import keras  # noqa: PLC0415  (loads TensorFlow, which serving must not)

    layers = keras.layers
    crops = x = keras.Input((CROP_SIZE, CROP_SIZE, 3), name="crops")
    if recipe.input_size != CROP_SIZE:
        x = layers.Resizing(recipe.input_size, recipe.input_size, name="resize")(x)
    x = layers.Rescaling(1 / 255, name="rescale")(x)
    x = layers.Conv2D(64, 5, activation="relu", name="conv_1")(x)
    x = layers.MaxPooling2D(2, name="pool_1")(x)
    x = layers.Conv2D(128, 5, activation="relu", name="conv_2")(x)
    x = layers.MaxPooling2D(2, name="pool_2")(x)
    x = layers.Dropout(0.3, name="dropout_1")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(EMBEDDING_SIZE, activation="relu", name="dense")(x)
    embedding = layers.UnitNormalization(dtype="float32", name="embedding")(x)
    x = layers.Dropout(0.4, name="dropout_2")(x)
    classes = layers.Dense(people, activation="softmax", dtype="float32", name="probabilities")
    probabilities = classes(x)
    # Categorical cross-entropy, with class indices in place of one-hot rows.
    loss = keras.losses.SparseCategoricalCrossentropy()
    return Network(crops, embedding, probabilities, probabilities, loss)


PAPER = Architecture(
    title=gettext_noop("The paper’s network"),
    explanation=gettext_noop(
        "From scratch as the paper describes it. Names the people it was trained on."
    ),
    build=build,
    recipe=Recipe(
        "paper",
        stages=(Stage(10, 1e-3), Stage(6, 3e-4), Stage(4, 1e-4)),
        batch=32,
        augmentations=(),
        answers_by="classes",
    ),
)
