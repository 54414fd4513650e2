"""The networks that facesite can train, by the names that commands and manifests use."""

from __future__ import annotations

from ml.architectures.compact import COMPACT
from ml.architectures.network import Architecture
from ml.architectures.paper import PAPER
from ml.architectures.sface import SFACE

ARCHITECTURES: dict[str, Architecture] = {
    architecture.recipe.architecture: architecture for architecture in (SFACE, COMPACT, PAPER)
}
"""The one that people should try first comes first."""
DEFAULT = next(iter(ARCHITECTURES))
