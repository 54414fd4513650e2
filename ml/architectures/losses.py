"""Losses that pull the embeddings of one person together and push those of others away."""

from __future__ import annotations

import math

import keras
from keras import ops


class ArcFace(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Additive angular margin loss, Deng et al. 2019, https://arxiv.org/abs/1801.07698.

    Class indices (N,) and cosines (N, C), -1..1, of embeddings with the classes' directions. The
    angle to the right class counts as `margin` radians wider than it is; the cosines, times
    `scale`, are then the logits of a softmax cross-entropy. Beyond pi - margin, where the cosine of
    a wider angle would grow again, the loss falls in a straight line, as in the authors' code.
    """

    def __init__(self, scale: float, margin: float) -> None:
        super().__init__(name="arcface")
        self.scale = scale
        self.margin = margin

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """The loss of each crop, (N,)."""
        cosines = ops.clip(ops.cast(y_pred, "float32"), -1 + 1e-6, 1 - 1e-6)
        sines = ops.sqrt(1 - ops.square(cosines))
        wider = cosines * math.cos(self.margin) - sines * math.sin(self.margin)
        straight = cosines - self.margin * math.sin(self.margin)
        target = ops.where(cosines > -math.cos(self.margin), wider, straight)
        classes = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        right = ops.one_hot(classes, ops.shape(cosines)[-1], dtype="float32")
        logits = self.scale * (right * target + (1 - right) * cosines)
        return ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
