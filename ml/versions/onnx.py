"""Reading networks from ONNX files with OpenVINO's own reader, without the package `onnx`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.frontend.onnx import ConversionExtension

from ml.errors import ImportRefused
from ml.language import tell
from ml.versions.convention import why


def read(path: Path) -> ov.Model:
    """Read a network, quantised or not, as it is in the file.

    Raises:
        ImportRefused: it is no ONNX file, or has something that OpenVINO cannot run.
    """
    core = ov.Core()  # of its own: the shared one would keep what is added
    core.add_extension(ConversionExtension("DequantizeLinear", _dequantised))
    try:
        return core.read_model(str(path))
    except RuntimeError as error:
        raise ImportRefused(
            tell(
                "%(file)s is not an ONNX network that can be run: %(reason)s.",
                file=path,
                reason=why(error),
            )
        ) from error


def _dequantised(node: Any) -> list[Any]:
    """(quantised - zero point) * scale, where one of these serves all values, those at a place of
    the axis, or a block along it: for OpenVINO's own conversion, a vector in blocks is an error."""
    quantised, scale = node.get_input(0), node.get_input(1)
    kind, axis = scale.get_element_type(), node.get_attribute("axis", 1)
    block, shape = node.get_attribute("block_size", 0), quantised.get_partial_shape()

    def spread(values: Any) -> Any:
        values = ops.convert(values, kind)
        rank = len(values.get_output_partial_shape(0))
        if block:
            places = np.arange(shape[axis].get_length()) // block
            return ops.gather(values, ops.constant(places), ops.constant(axis))
        if rank != 1 or len(shape) == 1:
            return values
        ends = [1] * len(shape)
        ends[axis] = -1
        return ops.reshape(values, ops.constant(ends), special_zero=False)

    values = ops.convert(quantised, kind)
    if node.get_input_size() > 2:
        values = ops.subtract(values, spread(node.get_input(2)))
    return list(ops.multiply(values, spread(scale)).outputs())
