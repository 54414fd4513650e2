"""SFace: a MobileNet-style face embedding network.

Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021,
https://arxiv.org/abs/2205.12010; the layers are those of the release of December 2021 in the
OpenCV Zoo. Layers bear the names of the source network, so that its weights find them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml.architectures.heads import cosine_head, softmax
from ml.architectures.network import Architecture, Network
from ml.architectures.recipe import Recipe, Stage, Trainable
from ml.language import gettext_noop
from ml.types import CROP_SIZE, Floats
from ml.weights import SFACE as SFACE_WEIGHTS
from ml.weights import Constants, dequantised, onnx_constants, weights_path

if TYPE_CHECKING:
    import keras

EMBEDDING_SIZE = 128

# (filters, stride) of the depthwise-separable blocks, which the source network counts from 2.
BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)


def build() -> keras.Model:
    """Build the network with random weights.

    Input: RGB crops, float32, shape (N, 112, 112, 3), 0..255. Output: embeddings, float32, shape
    (N, 128), length 1.
    """
    import keras  # noqa: PLC0415  (Keras loads TensorFlow, which serving must not)

    layers = keras.layers

    def normalise(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_batchnorm")(x)
        return layers.PReLU(shared_axes=[1, 2], name=f"{name}_relu")(x)

    crops = keras.Input((CROP_SIZE, CROP_SIZE, 3), name="crops")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="rescale")(crops)
    x = layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv_1_conv2d")(x)
    x = normalise(x, "conv_1")
    for number, (filters, stride) in enumerate(BLOCKS, start=2):
        name = f"conv_{number}"
        # The source pads one pixel on each side; Keras' "same" would pad only the far sides here.
        x = layers.ZeroPadding2D(1, name=f"{name}_dw_pad")(x)
        x = layers.DepthwiseConv2D(3, stride, use_bias=False, name=f"{name}_dw_conv2d")(x)
        x = normalise(x, f"{name}_dw")
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_conv2d")(x)
        x = normalise(x, name)
    x = layers.BatchNormalization(epsilon=2e-5, name="bn1")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(EMBEDDING_SIZE, name="pre_fc1")(x)
    x = layers.BatchNormalization(epsilon=2e-5, name="fc1")(x)
    x = layers.UnitNormalization(dtype="float32", name="embedding")(x)
    return keras.Model(crops, x, name="sface")


def build_for_training(classes: int, recipe: Recipe) -> Network:
    """Build the network with a linear map of its embedding and a margin-softmax head.

    The map is the embedding and a projection of it, at first zero. It does not learn: a training
    computes it (`ml.training.shrinking`). The kernel of the head holds a direction of length 1 for
    each class, so that its output are cosines.
    """
    import keras  # noqa: PLC0415

    from ml.architectures.losses import ArcFace  # noqa: PLC0415  (loads Keras)

    layers, trunk = keras.layers, build()
    features = trunk.output
    projection = layers.Dense(
        EMBEDDING_SIZE,
        use_bias=False,
        kernel_initializer="zeros",
        dtype="float32",
        name="projection",
    )
    x = layers.Add(dtype="float32", name="projected")([features, projection(features)])
    embedding = layers.UnitNormalization(dtype="float32", name="projected_embedding")(x)
    cosines = cosine_head(embedding, classes)
    probabilities = softmax(cosines, recipe.scale)
    loss = ArcFace(recipe.scale, recipe.margin)

    def set_map(matrix: Floats) -> None:
        projection.set_weights([matrix - np.eye(EMBEDDING_SIZE, dtype=np.float32)])

    ends = (trunk.input, embedding, cosines, probabilities)
    return Network(*ends, loss, features, is_trainable, set_map)


def is_trainable(layer: str, trainable: Trainable) -> bool:
    """Whether a layer learns in a stage. Batch statistics of a few people would spoil the old ones,
    so that batch normalisation never does; nor does the projection, which is computed."""
    if layer.endswith("_batchnorm") or layer in {"bn1", "fc1", "projection"}:
        return False
    match trainable:
        case "head":
            return layer == "cosines"
        case "last":
            return layer.startswith(("conv_13", "conv_14", "pre_fc1", "cosines"))
        case "all":
            return True


def build_sface() -> keras.Model:
    """Build SFace with the packaged weights.

    Raises:
        WeightsMissing: see `weights_path`.
    """
    constants = onnx_constants(weights_path(SFACE_WEIGHTS))
    model = build()
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(layer, constants))
    return model


def _layer_weights(layer: keras.Layer, constants: Constants) -> list[npt.NDArray[np.generic]]:
    """The weights of one layer, in Keras' order and Keras' axes."""
    name = layer.name
    match type(layer).__name__:
        case "DepthwiseConv2D":
            return [dequantised(constants, f"{name}_weight").transpose(2, 3, 0, 1)]
        case "Conv2D":
            return [dequantised(constants, f"{name}_weight").transpose(2, 3, 1, 0)]
        case "PReLU":
            return [constants[f"{name}_gamma"].reshape(1, 1, -1)]
        case "BatchNormalization":
            keys = ("gamma", "beta", "moving_mean", "moving_var")
            return [constants[f"{name}_{key}"] for key in keys]
        case "Dense":
            kernel = dequantised(constants, f"{name}_weight")
            # The source flattens channels first, Keras channels last.
            kernel = kernel.reshape(len(kernel), -1, 7, 7).transpose(2, 3, 1, 0)
            kernel = kernel.reshape(-1, EMBEDDING_SIZE)
            return [kernel, dequantised(constants, f"{name}_bias")]
        case kind:
            raise TypeError(f"SFace has no weights for a layer of type {kind}.")


def packaged() -> dict[str, list[Any]]:
    """The packaged weights by layer. Raises `WeightsMissing`."""
    return {layer.name: layer.get_weights() for layer in build_sface().layers}


SFACE = Architecture(
    title=gettext_noop("SFace"),
    explanation=gettext_noop(
        "Continues from the network that comes with the site, in a few minutes. A few people are "
        "enough."
    ),
    build=build_for_training,
    recipe=Recipe(
        "sface",
        stages=(Stage(30, 1e-3, "head"), Stage(3, 1e-4, "last"), Stage(2, 2e-5, "all")),
    ),
    packaged=packaged,
)
