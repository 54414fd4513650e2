"""From the convention of ArcFace, in which most published networks take faces, to facesite's own.

There a network takes aligned crops of 112×112 pixels in either order of colours and dimensions,
brought into some range of numbers. Here it takes RGB crops, (N, 112, 112, 3), 0..255.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino.passes import ConstantFolding, Manager
from openvino.preprocess import PrePostProcessor

from ml.errors import ImportRefused
from ml.language import number, tell
from ml.types import CROP_SIZE

Channels = Literal["rgb", "bgr"]
CHANNELS: Final[tuple[Channels, ...]] = get_args(Channels)
SIZES: Final = range(16, 4097)
"""Numbers that an embedding has: more are the classes of a network that was not cut off at them."""
LAYOUTS: Final = {"NCHW": (3, CROP_SIZE, CROP_SIZE), "NHWC": (CROP_SIZE, CROP_SIZE, 3)}
CENTRED: Final[tuple[float, ...]] = (127.5,)
"""Mean and scale by which ArcFace brings pixels to -1..1."""
_MOVING: Final = ("Transpose", "Convert", "Reshape", "Squeeze", "Unsqueeze", "Pad")
_ARITHMETIC: Final = ("Add", "Subtract", "Multiply", "Divide", "BatchNormInference")


@dataclass(frozen=True, slots=True)
class Convention:
    """How a network takes crops: (pixels - mean) / scale, each one number, or one for a channel in
    the network's own order; None stands for what the network itself shows. `output` is the name of
    the output that embeds, where there are several."""

    channels: Channels = "rgb"
    mean: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    output: str | None = None

    def as_read(self, network: ov.Model) -> Convention:
        """The same with mean and scale: nothing for a network that begins with a subtraction or a
        multiplication of its own, otherwise those of ArcFace."""
        plain = _normalises(_input(network))
        mean = self.mean or ((0.0,) if plain else CENTRED)
        scale = self.scale or ((1.0,) if plain else CENTRED)
        return Convention(self.channels, mean, scale, self.output)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        values = asdict(self)
        return {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}


def served(network: ov.Model, convention: Convention) -> ov.Model:
    """The network from RGB crops, float32 (N, 112, 112, 3), 0..255, to embeddings, (N, D).

    Mean and scale of the convention are given: see `Convention.as_read`.

    Raises:
        ImportRefused: it does not take such crops, or does not answer with one embedding of each.
    """
    crops, embedding = _input(network), _output(network, convention.output)
    shape = crops.get_output_partial_shape(0)
    layout = _layout(shape)
    alone = ov.Model([_flat(embedding)], [crops])
    try:
        alone.reshape([-1, *LAYOUTS[layout]])
    except RuntimeError as error:
        raise ImportRefused(
            tell(
                "The network takes inputs of the shape %(shape)s and no other number of crops at a "
                "time; export it with a dynamic batch.",
                shape=_shown(shape),
            )
        ) from error
    _require_embedding(alone.output(0).get_partial_shape())
    return _preprocessed(alone, layout, convention)


def why(error: RuntimeError) -> str:
    """The innermost of OpenVINO's reasons, which it gives after places in its own source."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and "src/" not in line and "Summary" not in line]
    return (said[-1] if said else "it cannot be read").rstrip(".:")[:200]


def _input(network: ov.Model) -> Any:
    """Older files list their weights as inputs, too; those lead nowhere any more."""
    inputs = [node for node in network.get_parameters() if node.output(0).get_target_inputs()]
    if len(inputs) != 1:
        names = ", ".join(node.get_friendly_name() for node in inputs) or "none"
        raise ImportRefused(
            tell(
                "The network takes %(count)d inputs (%(names)s), not one of crops.",
                count=len(inputs),
                names=names,
            )
        )
    return inputs[0]


def _output(network: ov.Model, name: str | None) -> Any:
    found = {output.get_any_name(): output for output in network.outputs}
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is None or name not in found:
        raise ImportRefused(_not_named(name, ", ".join(found)))
    return found[name]


def _not_named(name: str | None, names: str) -> str:
    if name is None:
        return tell(
            "The network has several outputs; name the one that embeds with --output: %(names)s.",
            names=names,
        )
    return tell(
        "The network has no output “%(name)s”; name the one that embeds with --output: %(names)s.",
        name=name,
        names=names,
    )


def _layout(shape: ov.PartialShape) -> str:
    for layout, sides in LAYOUTS.items():
        if shape.compatible(ov.PartialShape([-1, *sides])):
            return layout
    raise ImportRefused(
        tell(
            "The network takes inputs of the shape %(shape)s, not RGB crops of %(side)d×%(side)d "
            "pixels.",
            shape=_shown(shape),
            side=CROP_SIZE,
        )
    )


def _shown(shape: ov.PartialShape) -> str:
    return str(shape).replace("?", "N").replace(",", "×")


def _flat(output: Any) -> Any:
    """(N, D, 1, 1) as (N, D)."""
    embedding = output.get_node().input_value(0)
    if len(embedding.get_partial_shape()) <= 2:
        return embedding
    return ops.reshape(embedding, ops.constant(np.array([0, -1])), special_zero=True)


def _require_embedding(shape: ov.PartialShape) -> None:
    if shape.rank.get_length() != 2 or shape[1].is_dynamic:
        raise ImportRefused(
            tell(
                "The network answers in the shape %(shape)s, not with one embedding.",
                shape=_shown(shape),
            )
        )
    if shape[1].get_length() not in SIZES:
        raise ImportRefused(
            tell(
                "The network answers with %(size)s numbers for a crop; an embedding has %(least)s "
                "to %(most)s.",
                size=number(shape[1].get_length()),
                least=number(SIZES.start),
                most=number(SIZES.stop - 1),
            )
        )


def _normalises(crops: Any) -> bool:
    """Whether the first thing that is done with crops, beside moving them, is arithmetic."""
    while len(followers := list(crops.output(0).get_target_inputs())) == 1:
        crops = followers[0].get_node()
        if crops.get_type_name() not in _MOVING:
            return crops.get_type_name() in _ARITHMETIC
    return False


def _preprocessed(network: ov.Model, layout: str, convention: Convention) -> ov.Model:
    prepared = PrePostProcessor(network)
    crops = prepared.input()
    crops.tensor().set_element_type(ov.Type.f32).set_layout(ov.Layout("NHWC"))
    crops.model().set_layout(ov.Layout(layout))
    if convention.channels == "bgr":
        crops.preprocess().reverse_channels()
    crops.preprocess().mean(list(convention.mean or ())).scale(list(convention.scale or ()))
    model = prepared.build()
    folding = Manager()
    folding.register_pass(ConstantFolding())  # what was quantised is computed once, here
    folding.run_passes(model)
    return model
