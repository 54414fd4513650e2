"""The default model version: SFace with its packaged weights (`ml.weights`), without training."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ml import artifact, processor
from ml.architectures.sface import EMBEDDING_SIZE, build_sface
from ml.inference.export import export
from ml.language import number, tell
from ml.types import CROP_SIZE, Image
from ml.weights import PACKAGE, SFACE, SHA256

VERSION = "sface-2021dec"
FITTED = Path(__file__).with_name("sface-calibration.json")
"""The calibration of SFace, as `manage.py calibrate` fitted it; its `source` says on whom."""


def install(models_dir: Path, progress: Callable[[str], None] = lambda _step: None) -> Path:
    """Write the default model version into `models_dir`, in about half a minute.

    `progress` is told each step in a few words. Returns the version's folder.

    Raises:
        WeightsMissing: see `weights_path`.
        ExportDisagrees: the serving form does not compute what the Keras model computes.
        NotInstalled, ProcessorTooOld: see `ml.processor`.
    """
    processor.require_tensorflow()
    progress(tell("Building SFace from the packaged weights"))
    model = build_sface()
    with artifact.writing(models_dir, VERSION) as directory:
        progress(tell("Exporting it for OpenVINO"))
        agreement = export(model, directory, _test_crops())
        progress(
            tell("Serving agrees with Keras to a cosine of %(cosine)s", cosine=number(agreement, 5))
        )
        shutil.copyfile(FITTED, directory / artifact.CALIBRATION)
        artifact.seal(directory, _manifest())
    return models_dir / VERSION


def _manifest() -> artifact.Manifest:
    return artifact.Manifest(
        version=VERSION,
        architecture="sface",
        input_size=CROP_SIZE,
        embedding_size=EMBEDDING_SIZE,
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        dataset={"weights": SFACE, "sha256": SHA256[SFACE], "license": "Apache-2.0"},
        libraries={name: version(name) for name in ("keras", "openvino", PACKAGE)},
    )


def _test_crops() -> Image:
    """Sixteen cloudy pictures, (16, 112, 112, 3) uint8: soft as faces, and always the same."""
    import cv2  # noqa: PLC0415  (web process imports this module)

    rng = np.random.default_rng(0)
    size = (CROP_SIZE, CROP_SIZE)
    coarse = rng.integers(0, 256, (16, 14, 14, 3), dtype=np.uint8)
    clouds = [cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC) for picture in coarse]
    return np.asarray(clouds, np.uint8)
