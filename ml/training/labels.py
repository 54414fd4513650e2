"""The paper's ResultsMap: which class of a closed-set network is who."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ml.errors import ArtifactDamaged, ArtifactMissing

FILE = "labels.json"


def write_labels(path: Path, labels: Sequence[str]) -> None:
    """Write labels in order of their class: `{"0": "Ivan Petrov", ...}`, UTF-8, any script."""
    text = json.dumps(dict(enumerate(labels)), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_labels(path: Path) -> tuple[str, ...]:
    """Read what `write_labels` wrote, in order of the classes.

    Raises:
        ArtifactMissing: there is no such file.
        ArtifactDamaged: it does not map 0, 1, 2... to labels.
    """
    if not path.is_file():
        raise ArtifactMissing(f"{path} is missing.", path)
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
        return tuple(str(labels[str(index)]) for index in range(len(labels)))
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactDamaged(f"{path} is no map of labels: {error}", path) from error
