"""SFace: a MobileNet-style face embedding network.

Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021,
https://arxiv.org/abs/2205.12010; the layers are those of the release of December 2021 in the
OpenCV Zoo. Layers bear the names of the source network, so that its weights find them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

INPUT_SIZE = 112
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

    crops = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="crops")
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
    x = layers.UnitNormalization(name="embedding")(x)
    return keras.Model(crops, x, name="sface")
