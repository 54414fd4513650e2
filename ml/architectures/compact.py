"""A network that trains from scratch better than the paper's in less time: see docs/training.md."""

from __future__ import annotations

from ml.architectures.heads import cosine_head, softmax
from ml.architectures.network import Architecture, Network
from ml.architectures.recipe import Recipe, Stage
from ml.language import gettext_noop
from ml.types import CROP_SIZE

EMBEDDING_SIZE = 128
WIDTHS = (48, 96, 192)
MOMENTUM = 0.9
"""Of batch normalisation: with Keras' 0.99 a few hundred steps are too few for it to settle."""


def build(classes: int, recipe: Recipe) -> Network:
    """Build the network with random weights."""
    import keras  # noqa: PLC0415  (loads TensorFlow, which serving must not)

    from ml.architectures.losses import ArcFace  # noqa: PLC0415  (loads Keras)

    layers = keras.layers

    def convolved(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
        convolution = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False, name=name)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(convolution(x))
        return layers.ReLU(name=f"{name}_relu")(x)

    crops = x = keras.Input((CROP_SIZE, CROP_SIZE, 3), name="crops")
    if recipe.input_size != CROP_SIZE:
        x = layers.Resizing(recipe.input_size, recipe.input_size, name="resize")(x)
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)
    x = convolved(x, 32, 2, "stem")
    for number, filters in enumerate(WIDTHS, start=1):
        x = convolved(x, filters, 2, f"conv_{number}a")
        x = convolved(x, filters, 1, f"conv_{number}b")
    # A weight for every place of every channel: where in a face something is matters.
    x = layers.DepthwiseConv2D(x.shape[1:3], use_bias=False, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False, name="dense")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="dense_norm")(x)
    embedding = layers.UnitNormalization(dtype="float32", name="embedding")(x)
    cosines = cosine_head(embedding, classes)
    loss = ArcFace(recipe.scale, recipe.margin)
    return Network(crops, embedding, cosines, softmax(cosines, recipe.scale), loss)


COMPACT = Architecture(
    title=gettext_noop("Compact"),
    explanation=gettext_noop(
        "A small network, from scratch. Needs dozens of people and more time."
    ),
    build=build,
    recipe=Recipe(
        "compact",
        stages=(Stage(16, 1e-3), Stage(10, 3e-4), Stage(6, 1e-4)),
        batch=32,
        scale=16.0,
        margin=0.1,
    ),
)
