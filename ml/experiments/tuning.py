"""Networks that a site could have: as packaged, and tuned to its people in several ways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final

import keras
import numpy as np

from ml.architectures.network import Network, adopt
from ml.architectures.recipe import Recipe
from ml.architectures.sface import SFACE, packaged
from ml.evaluation.resampling import Ints
from ml.evaluation.samples import Embeddings
from ml.experiments.small_site import FURTHER, Faces, Site
from ml.templates import directions, templates
from ml.training.shrinking import shrinking
from ml.training.trainer import build, precision_here
from ml.types import Floats, Image

DECAY: Final = 0.1
"""Of a learned projection; docs/training.md says how it was chosen."""
EPOCHS: Final = 5
LEARNING_RATE: Final = 1e-3
"""Of batch normalisation."""
BATCH: Final = 64


@dataclass(frozen=True, eq=False)
class Networks:
    """Every network that a small site could have, as it embeds the faces of the site."""

    faces: Faces
    site: Site
    seed: int

    @cached_property
    def learned(self) -> Ints:
        """Photos that a training learns from, (M,): enrolled and reviewed ones of each person."""
        both = zip(self.site.enrolled, self.site.further(FURTHER), strict=True)
        return np.concatenate([rows for one, more in both for rows in (one.enrolled, more)])

    @cached_property
    def classes(self) -> Ints:
        """Whose those are, counted from 0, (M,)."""
        return np.unique(self.faces.owners[self.learned], return_inverse=True)[1]

    @cached_property
    def packaged(self) -> Embeddings:
        """The network that comes with the site."""
        return self.faces.mapped()

    @cached_property
    def projected(self) -> Embeddings:
        """With a projection that is learned together with a head on frozen features, and is drawn
        back to doing nothing by weight decay. One photo of each person validates."""
        keras.utils.set_random_seed(self.seed)
        (stage,) = self._recipe.stages
        network = self._network()
        head = network.head()
        head.get_layer("projection").kernel.regularizer = keras.regularizers.L2(DECAY)
        head.compile(keras.optimizers.Adam(stage.learning_rate), network.loss, metrics=["accuracy"])
        features = self.faces.features[self.learned]
        last = np.flatnonzero(np.diff(self.classes, append=-1))
        learned = [np.delete(part, last, axis=0) for part in (features, self.classes)]
        checked = (features[last], self.classes[last])
        kernels = {}
        for _epoch in range(stage.epochs):
            head.fit(*learned, self._recipe.batch, verbose=0)
            loss, accuracy = head.evaluate(*checked, verbose=0)
            (kernels[accuracy, -loss],) = head.get_layer("projection").get_weights()
        return self.faces.mapped(
            np.eye(features.shape[1], dtype=np.float32) + kernels[max(kernels)]
        )

    def _network(self) -> Network:
        return build(self._recipe, int(self.classes.max()) + 1)

    @property
    def _recipe(self) -> Recipe:
        one, precision = SFACE.recipe.stages[:1], precision_here("auto")
        return replace(SFACE.recipe, stages=one, precision=precision, seed=self.seed)

    @cached_property
    def mapped(self) -> Embeddings:
        """The map of `retrain`, computed from the features, see `ml.training.shrinking`."""
        return self.faces.mapped(shrinking(self.faces.features[self.learned], self.classes))

    @cached_property
    def imprinted(self) -> Embeddings:
        """A head imprinted with the templates, and only batch normalisation learned with it: scales
        and statistics; after Park, Park and Teoh, https://arxiv.org/abs/2301.01922."""
        keras.utils.set_random_seed(self.seed)
        network = self._with_imprinted_head()
        model = network.trained()
        for layer in model.layers:
            layer.trainable = isinstance(layer, keras.layers.BatchNormalization)
        model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=network.loss)
        crops = self.faces.crops(self.learned).astype(np.float32)
        model.fit(crops, self.classes, SFACE.recipe.batch, EPOCHS, verbose=0)
        return self._embedded(keras.Model(network.crops, network.embedding))

    def _with_imprinted_head(self) -> Network:
        network = self._network()
        adopt(network.trained(), packaged())
        templates = self.packaged.templates[self.learned]
        sums = np.stack([templates[self.classes == one].sum(axis=0) for one in set(self.classes)])
        network.trained().get_layer("cosines").set_weights([directions(sums).T])
        return network

    def _embedded(self, network: keras.Model) -> Embeddings:
        """Only of photos that this site has to do with; it takes a while."""
        rows, size = self.site.rows, self.faces.features.shape
        both = Embeddings(np.zeros(size, np.float32), np.zeros(size, np.float32))
        for start in range(0, len(rows), BATCH):
            few = rows[start : start + BATCH]
            crops = self.faces.crops(few)
            both.probes[few] = _run(network, crops)
            both.templates[few] = templates(partial(_run, network), crops, both.probes[few])
        return both


def _run(network: keras.Model, crops: Image) -> Floats:
    embeddings: Floats = network.predict_on_batch(crops.astype(np.float32))
    return embeddings
