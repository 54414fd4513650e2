"""Writing a Keras model in its two forms, and proving that the forms agree."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ml import artifact
from ml.errors import ExportDisagrees
from ml.language import number, tell
from ml.types import Floats, Image

if TYPE_CHECKING:
    import keras

MIN_AGREEMENT = 0.999
CROPS_COMPARED = 64
"""Crops that are enough to compare the two forms on, and to measure the speed of the network."""


def export(model: keras.Model, directory: Path, crops: Image) -> float:
    """Save `model` as Keras file and as OpenVINO network into `directory`.

    Both are loaded again from disk and asked about `crops`, uint8 RGB (N, S, S, 3). Returns the
    smallest cosine between the two embeddings of a crop, or between the square roots of the two
    probabilities of its classes (Bhattacharyya's coefficient), which have length 1 as well. It is 1
    where both have no embedding, as of a dead network.

    Raises:
        ExportDisagrees: that cosine is under 0.999, or no number.
    """
    from ml.inference.engine import KerasEngine, OpenVINOEngine  # noqa: PLC0415  (loads OpenVINO)

    model.save(directory / artifact.KERAS_MODEL)
    _export_for_serving(model, directory / artifact.SERVING_MODEL)
    reference = KerasEngine.load(directory).run(crops)
    served = OpenVINOEngine.load(directory).run(crops)
    agreement = _cosine(reference.embeddings, served.embeddings)
    if reference.probabilities is not None and served.probabilities is not None:
        roots = np.sqrt(reference.probabilities), np.sqrt(served.probabilities)
        agreement = min(agreement, _cosine(*roots))
    if not agreement >= MIN_AGREEMENT:
        raise ExportDisagrees(
            tell(
                "Serving and Keras agree to a cosine of only %(cosine)s.",
                cosine=number(agreement, 4),
            )
        )
    return agreement


def _cosine(reference: Floats, served: Floats) -> float:
    """The smallest between two rows, each of length 1."""
    return float((1 - np.square(reference - served).sum(axis=1) / 2).min())


def _export_for_serving(model: keras.Model, path: Path) -> None:
    """Write the OpenVINO form with float16 weights: half the file, 30 MB less in every worker."""
    import openvino as ov  # noqa: PLC0415  (heavy)

    from ml.openvino_core import core  # noqa: PLC0415

    path.parent.mkdir()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        full = Path(folder) / "full.xml"
        model.export(str(full), format="openvino", verbose=False)
        ov.save_model(core().read_model(str(full)), str(path), compress_to_fp16=True)
