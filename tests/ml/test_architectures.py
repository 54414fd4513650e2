"""What every architecture promises, whichever it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.architectures import ARCHITECTURES
from ml.architectures.network import Network
from ml.errors import ExportDisagrees
from ml.inference.engine import KerasEngine, OpenVINOEngine, Outputs
from ml.inference.export import export
from ml.training.trainer import build
from ml.types import Image
from tests.ml.conftest import recipe_for

CLASSES = 3


LARGE = pytest.param("sface", marks=pytest.mark.slow)


@pytest.fixture(params=[*sorted(ARCHITECTURES.keys() - {"sface"}), LARGE])
def architecture(request: pytest.FixtureRequest) -> str:
    keras.utils.set_random_seed(0)
    return str(request.param)


@pytest.fixture
def network(architecture: str) -> Network:
    return build(recipe_for(architecture), CLASSES)


def test_it_answers_an_embedding_of_length_1_and_a_probability_for_each_class(
    network: Network, crops: Image
) -> None:
    embeddings, probabilities = network.served().predict(crops.astype(np.float32), verbose=0)
    assert embeddings.shape == (len(crops), 128)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)
    assert probabilities.shape == (len(crops), CLASSES)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_one_step_lowers_the_loss(network: Network, crops: Image, classes: list[int]) -> None:
    model = network.trained()
    model.compile(keras.optimizers.SGD(1e-3), loss=network.loss)
    inputs, truth = crops.astype(np.float32), np.array(classes)
    losses = []
    for _ in range(2):
        for layer in model.layers:
            if hasattr(layer, "seed_generator"):  # the same neurons drop out both times
                layer.seed_generator.state.assign([0, 0])
        losses.append(float(model.train_on_batch(inputs, truth)))
    assert losses[1] < losses[0]


@pytest.mark.slow
def test_it_is_the_same_after_saving_and_served_as_it_was_trained(
    network: Network, crops: Image, tmp_path: Path
) -> None:
    model = network.served()
    assert export(model, tmp_path, crops) >= 0.999
    embeddings, probabilities = model.predict(crops.astype(np.float32), verbose=0)
    loaded, served = KerasEngine.load(tmp_path), OpenVINOEngine.load(tmp_path)
    assert loaded.embed(crops) == pytest.approx(embeddings, abs=1e-5)
    assert loaded.classify(crops) == pytest.approx(probabilities, abs=1e-5)
    assert served.classify(crops) == pytest.approx(probabilities, abs=0.02)
    both = served.run(crops)
    assert both.embeddings == pytest.approx(served.embed(crops))
    assert both.probabilities == pytest.approx(served.classify(crops))


@pytest.mark.parametrize("architecture", ["compact"], indirect=True)
def test_a_network_whose_numbers_have_gone_is_not_exported(
    network: Network, crops: Image, tmp_path: Path
) -> None:
    model = network.served()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    with pytest.raises(ExportDisagrees):
        export(model, tmp_path, crops)


@pytest.mark.parametrize("architecture", ["compact"], indirect=True)
def test_a_network_whose_classes_come_out_otherwise_is_not_exported(
    network: Network, crops: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = OpenVINOEngine.run

    def the_other_way_round(engine: OpenVINOEngine, crops: Image) -> Outputs:
        outputs = run(engine, crops)
        assert outputs.probabilities is not None
        return replace(outputs, probabilities=outputs.probabilities[:, ::-1])

    monkeypatch.setattr(OpenVINOEngine, "run", the_other_way_round)
    with pytest.raises(ExportDisagrees):
        export(network.served(), tmp_path, crops)


def test_it_is_the_same_network_in_mixed_precision(architecture: str, crops: Image) -> None:
    network = build(recipe_for(architecture), CLASSES)
    mixed = build(recipe_for(architecture, precision="bfloat16"), CLASSES)
    mixed.served().set_weights(network.served().get_weights())
    inputs = crops.astype(np.float32)
    whole, rough = (one.served().predict(inputs, verbose=0)[0] for one in (network, mixed))
    assert (whole * rough).sum(axis=1).min() > 0.99
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("architecture", ["paper", "compact"], indirect=True)
def test_it_takes_crops_of_112_pixels_whatever_it_scales_them_to(
    architecture: str, crops: Image
) -> None:
    small = ARCHITECTURES[architecture].build(CLASSES, recipe_for(architecture, input_size=64))
    assert small.served().input_shape == (None, 112, 112, 3)
    assert small.served().predict(crops.astype(np.float32), verbose=0)[0].shape == (len(crops), 128)


def test_the_paper_s_network_has_the_paper_s_layers() -> None:
    model = ARCHITECTURES["paper"].build(CLASSES, recipe_for("paper")).trained()
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    dropouts = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [(one.filters, one.kernel_size) for one in convolutions] == [(64, (5, 5)), (128, (5, 5))]
    assert dropouts == [0.3, 0.4]
    assert model.layers[-1].activation is keras.activations.softmax
