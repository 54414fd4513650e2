"""`python -m ml.experiments.peers.networks FOLDER`, in the environment of the peers: the packaged
networks as their programs read them, in the place where deepface looks for downloads.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import onnx
from onnx import numpy_helper

from ml import weights

FOLDER: Final = Path(".deepface") / "weights"
YUNET: Final = "face_detection_yunet_2023mar.onnx"
SFACE: Final = "face_recognition_sface_2021dec.onnx"


def write(home: Path) -> None:
    """Write both with float32 weights."""
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    for packaged, plain in ((weights.YUNET, YUNET), (weights.SFACE, SFACE)):
        model = onnx.load(str(weights.weights_path(packaged)))
        dequantise(model.graph)
        onnx.save(model, str(home / FOLDER / plain))


def dequantise(graph: onnx.GraphProto) -> None:
    """Put each weight in the place of the steps that compute it, and leave no input but the
    picture: SFace lists its weights among them, which OpenCV does not take."""
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    kept, picture = [], graph.input[0]
    for node in graph.node:
        if node.op_type == "DequantizeLinear":
            name = node.input[0].removesuffix("_quantized")
            constants[node.output[0]] = weights.dequantised(constants, name)
        elif node.op_type == "Reshape" and node.input[0].endswith("_dequantized"):
            constants[node.output[0]] = constants[node.input[0]]  # has its shape already
        else:
            kept.append(node)
    used = {name for node in kept for name in node.input} & constants.keys()
    values = [numpy_helper.from_array(constants[name], name) for name in sorted(used)]
    for field, content in (
        (graph.node, kept),
        (graph.initializer, values),
        (graph.input, [picture]),
    ):
        del field[:]
        field.extend(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
