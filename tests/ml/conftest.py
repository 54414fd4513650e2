from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml import imaging
from ml.detection import Detector
from ml.inference.recognizer import Recognizer
from ml.types import Image

DEMO = Path(__file__).resolve().parents[2] / "demo"
GROUPS: dict[str, list[str]] = json.loads((DEMO / "photos/groups/people.json").read_text())


def photo(name: str) -> Image:
    """A picture of the demo folder."""
    return imaging.decode((DEMO / name).read_bytes())


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector.load()


@pytest.fixture(scope="session")
def version_dir(packaged_model: Path) -> Path:
    """The default model version. Not to be changed."""
    return packaged_model / "sface-2021dec"


@pytest.fixture(scope="session")
def recognizer(version_dir: Path) -> Recognizer:
    return Recognizer.load(version_dir)
