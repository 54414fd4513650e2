"""Networks as others would bring them, in ONNX files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ml.weights import SFACE, weights_path

CROPS = ("N", 3, 112, 112)
Shape = Sequence[int | str]


def sface(path: Path, *changes: Callable[[onnx.GraphProto], None]) -> Path:
    """The packaged network with some changes."""
    model = onnx.load(weights_path(SFACE))
    for change in changes:
        change(model.graph)
    onnx.save(model, path)
    return path


def colours_reversed(graph: onnx.GraphProto) -> None:
    """It takes BGR."""
    _begin(graph, "Gather", _constant("order", np.array([2, 1, 0])), axis=1)


def channels_last(graph: onnx.GraphProto) -> None:
    """It takes (1, 112, 112, 3)."""
    _begin(graph, "Transpose", perm=[0, 3, 1, 2])
    _reshaped(graph.input[0], (1, 112, 112, 3))


def any_batch(graph: onnx.GraphProto) -> None:
    _reshaped(graph.input[0], CROPS)


def pixels_as_they_come(graph: onnx.GraphProto) -> None:
    """It takes what others have normalised."""
    first, second = (next(n for n in graph.node if n.op_type == kind) for kind in ("Sub", "Mul"))
    for node in graph.node:
        node.input[:] = [first.input[0] if name in second.output else name for name in node.input]
    graph.node.remove(second)
    graph.node.remove(first)


def wider(size: int) -> Callable[[onnx.GraphProto], None]:
    """Its embedding is projected to so many numbers, which keeps what is alike alike."""

    def project(graph: onnx.GraphProto) -> None:
        rng = np.random.default_rng(0)
        graph.initializer.append(_constant("wider", rng.normal(size=(128, size)) / 100))
        graph.node.append(helper.make_node("MatMul", [graph.output[0].name, "wider"], ["wide"]))
        graph.output[0].name = "wide"
        _reshaped(graph.output[0], (1, size))

    return project


def also_its_length(graph: onnx.GraphProto) -> None:
    """A second output, as some networks have."""
    output = graph.output[0].name
    graph.node.append(helper.make_node("ReduceL2", [output], ["length"], axes=[1]))
    graph.output.append(helper.make_tensor_value_info("length", TensorProto.FLOAT, (1, 1)))


def averages(
    path: Path,
    shape: Shape = CROPS,
    *,
    size: int = 64,
    inputs: int = 1,
    weight: float | None = None,
) -> Path:
    """A network that sees nothing but the mean of each channel, projected at random or times
    `weight`."""
    names = [f"crops_{number}" for number in range(inputs)]
    weights = np.random.default_rng(0).normal(size=(int(shape[1]), size))
    return _saved(
        path,
        [
            helper.make_node("Sum", names, ["summed"]),
            helper.make_node("GlobalAveragePool", ["summed"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["embedding"]),
        ],
        dict.fromkeys(names, shape),
        weights if weight is None else np.full_like(weights, weight),
    )


def pictures(path: Path) -> Path:
    """A network that answers with a picture."""
    return _saved(path, [helper.make_node("Relu", ["crops"], ["embedding"])], {"crops": CROPS})


def _saved(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Shape],
    weights: npt.NDArray[Any] | None = None,
) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(*one) for one in _floats(inputs)],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None)],
        [] if weights is None else [_constant("weights", weights)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    return path


def _floats(inputs: Mapping[str, Shape]) -> list[tuple[str, int, Shape]]:
    return [(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]


def _begin(graph: onnx.GraphProto, kind: str, *constants: TensorProto, **attributes: Any) -> None:
    """Put a node before all others."""
    crops = graph.input[0].name
    for node in graph.node:
        node.input[:] = ["begun" if name == crops else name for name in node.input]
    graph.initializer.extend(constants)
    taken = [crops, *(constant.name for constant in constants)]
    graph.node.insert(0, helper.make_node(kind, taken, ["begun"], **attributes))


def _constant(name: str, values: npt.NDArray[Any]) -> TensorProto:
    kept = values if values.dtype == np.int64 else values.astype(np.float32)
    return numpy_helper.from_array(kept, name)


def _reshaped(value: onnx.ValueInfoProto, shape: Shape) -> None:
    value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))
