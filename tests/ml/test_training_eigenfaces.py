from __future__ import annotations

import numpy as np
import pytest

from ml.data.crops import prepare
from ml.data.dataset import gather
from ml.data.splits import Split, split
from ml.experiments.eigenfaces import Eigenfaces
from ml.types import Image
from tests.ml.conftest import DEMO

Faces = tuple[Image, Split]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Faces:
    """Six rendered people with eight photos each, in parts."""
    people = sorted((DEMO / "people").iterdir())[:6]
    photos = {
        person.name: [*person.iterdir(), *(DEMO / "photos/people" / person.name).iterdir()]
        for person in people
    }
    made = prepare(gather(photos), tmp_path_factory.mktemp("crops"))
    return made.images, split(made.dataset, seed=0)


@pytest.fixture(scope="module")
def learned(faces: Faces) -> Eigenfaces:
    images, parts = faces
    return Eigenfaces.fit(images, parts.classes, parts.train, seed=0)


def test_it_names_more_unseen_faces_than_chance_would(faces: Faces, learned: Eigenfaces) -> None:
    images, parts = faces
    unseen = np.concatenate([parts.validation, parts.test])
    named = learned.classify(images[unseen]).argmax(axis=1)
    assert (named == parts.classes[unseen]).mean() > 2 / 6


def test_embeddings_are_of_length_one(faces: Faces, learned: Eigenfaces) -> None:
    images, parts = faces
    embeddings = learned.embed(images)
    assert embeddings.dtype == np.float32
    # No more axes than faces to find them from.
    assert embeddings.shape == (len(images), len(parts.train) - 1)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-5)


def test_the_weights_of_the_training_faces_are_whitened(faces: Faces, learned: Eigenfaces) -> None:
    images, parts = faces
    grey = images[parts.train].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    weights = (grey.reshape(len(grey), -1) - learned.mean) @ learned.axes
    np.testing.assert_allclose(np.cov(weights.T), np.eye(weights.shape[1]), atol=0.05)


def test_the_same_seed_gives_the_same_faces(faces: Faces, learned: Eigenfaces) -> None:
    images, parts = faces
    again = Eigenfaces.fit(images, parts.classes, parts.train, seed=0)
    np.testing.assert_array_equal(again.embed(images), learned.embed(images))


def test_only_the_training_faces_are_learned_from(faces: Faces, learned: Eigenfaces) -> None:
    images, parts = faces
    others = np.setdiff1d(np.arange(len(images)), parts.train)
    changed = images.copy()
    changed[others] = 0
    again = Eigenfaces.fit(changed, parts.classes, parts.train, seed=0)
    np.testing.assert_array_equal(again.means, learned.means)


def test_its_size_is_told(faces: Faces, learned: Eigenfaces) -> None:
    axes = learned.axes.shape[1]
    assert learned.parameters == 112 * 112 * (1 + axes) + len(faces[1].labels) * axes
