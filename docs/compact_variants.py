"""What `compact` was chosen among: variants of it, one change each, learn the very same photos.

    python docs/compact_variants.py DIR [EPOCHS]

DIR holds a folder of photos per person. Prints a table in Markdown; docs/training.md has one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read by TensorFlow as it is imported
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import keras

from ml.architectures import ARCHITECTURES
from ml.architectures.compact import COMPACT, EMBEDDING_SIZE, MOMENTUM, WIDTHS
from ml.architectures.heads import cosine_head, softmax
from ml.architectures.losses import ArcFace
from ml.architectures.network import Network
from ml.architectures.paper import PAPER
from ml.architectures.recipe import Recipe, Stage
from ml.data import crops, dataset, splits
from ml.experiments import comparison
from ml.training.events import Callback, Epoch, Event
from ml.training.trainer import precision_here
from ml.types import CROP_SIZE

EPOCHS = 12
layers = keras.layers


@dataclass(frozen=True)
class Variant:
    """`compact`, but for what is changed here. `blocks` are plain, separable or residual; `pool`
    is weighted, average or none."""

    normalised: bool = True
    blocks: str = "plain"
    pool: str = "weighted"
    margin: bool = True

    def build(self, classes: int, recipe: Recipe) -> Network:
        crops_ = x = keras.Input((CROP_SIZE, CROP_SIZE, 3), name="crops")
        x = layers.Rescaling(1 / 127.5, offset=-1)(x)
        x = self._convolved(x, 32, 2, separable=False)
        for filters in WIDTHS:
            x = self._block(x, filters)
        x = self._pooled(x)
        x = self._norm(layers.Dense(EMBEDDING_SIZE, use_bias=not self.normalised)(x))
        embedding = layers.UnitNormalization(dtype="float32", name="embedding")(x)
        if self.margin:
            cosines = cosine_head(embedding, classes)
            loss = ArcFace(recipe.scale, recipe.margin)
            return Network(crops_, embedding, cosines, softmax(cosines, recipe.scale), loss)
        head = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
        probabilities = head(x)
        loss = keras.losses.SparseCategoricalCrossentropy()
        return Network(crops_, embedding, probabilities, probabilities, loss)

    def _block(self, x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
        separable = self.blocks == "separable"
        first = self._convolved(x, filters, 2, separable)
        second = self._convolved(first, filters, 1, separable)
        return layers.Add()([first, second]) if self.blocks == "residual" else second

    def _convolved(
        self, x: keras.KerasTensor, filters: int, stride: int, separable: bool
    ) -> keras.KerasTensor:
        kind = layers.SeparableConv2D if separable else layers.Conv2D
        x = kind(filters, 3, stride, padding="same", use_bias=not self.normalised)(x)
        return layers.ReLU()(self._norm(x))

    def _pooled(self, x: keras.KerasTensor) -> keras.KerasTensor:
        if self.pool == "average":
            return layers.GlobalAveragePooling2D()(x)
        if self.pool == "weighted":
            x = layers.DepthwiseConv2D(x.shape[1:3], use_bias=False)(x)
        return layers.Flatten()(x)

    def _norm(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.BatchNormalization(momentum=MOMENTUM)(x) if self.normalised else x


COMPACT_ITSELF = Variant()
VARIANTS = {
    "`paper`": PAPER.build,
    "`compact`": COMPACT_ITSELF.build,
    "without batch normalisation": replace(COMPACT_ITSELF, normalised=False).build,
    "global average pooling": replace(COMPACT_ITSELF, pool="average").build,
    "no pooling, all places into the dense layer": replace(COMPACT_ITSELF, pool="none").build,
    "softmax without margin": replace(COMPACT_ITSELF, margin=False).build,
    "depthwise-separable convolutions": replace(COMPACT_ITSELF, blocks="separable").build,
    "residual blocks": replace(COMPACT_ITSELF, blocks="residual").build,
}


def lines(name: str) -> Callback:
    """A callback that writes a line an epoch."""

    def tell(event: Event) -> None:
        if isinstance(event, Epoch):
            told = f"epoch {event.epoch}: loss {event.loss:.3f}, validation"
            print(f"{name}, {told} {event.validation_accuracy:.1%}", file=sys.stderr)

    return tell


def rows(root: Path, epochs: int, folder: Path) -> Iterator[str]:
    made = crops.prepare(dataset.read([root]), folder / "crops")
    split = splits.split(made.dataset, seed=0)
    stages = (Stage(epochs * 2 // 3, 1e-3), Stage(epochs - epochs * 2 // 3, 3e-4))
    recipe = replace(
        COMPACT.recipe,
        architecture="variant",
        stages=stages,
        precision=precision_here("auto"),
    )
    for number, (name, build) in enumerate(VARIANTS.items()):
        ARCHITECTURES["variant"] = replace(COMPACT, build=build)
        run = folder / f"variant-{number}"
        learned = comparison.network(recipe, made, split, run, lines(name))
        yield _row(name, comparison.measure(learned, made, split))


def _row(name: str, found: dict[str, dict[str, object]]) -> str:
    closed, unseen, cost = found["closed_set"], found["held_out"], found["cost"]
    shares = [closed["validation"], closed["test"], unseen["rank1"]["value"]]  # type: ignore[index]
    cells = [
        f"{cost['parameters'] / 1e6:.1f} M",  # type: ignore[operator]
        f"{cost['photos_per_second']:,.0f}",
        *(f"{share:.1%}" for share in shares),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main(root: str, epochs: str = str(EPOCHS)) -> None:
    print("| variant | parameters | photos/s | validation | test | rank-1, held out |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        emit = partial(print, flush=True)
        for row in rows(Path(root), int(epochs), Path(folder)):
            emit(row)


if __name__ == "__main__":
    main(*sys.argv[1:])
