"""The networks that facesite can build, by the names that commands and manifests use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ml.architectures import sface

if TYPE_CHECKING:
    import keras

ARCHITECTURES: dict[str, Callable[[], keras.Model]] = {
    "sface": sface.build,
}
