from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import imaging
from ml.alignment import align
from ml.architectures import ARCHITECTURES
from ml.architectures.recipe import AUGMENTATIONS, Recipe, Stage
from ml.detection import Detector
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.types import EmbeddedFace, Image

DEMO = Path(__file__).resolve().parents[2] / "demo"
PEOPLE = sorted(folder.name for folder in (DEMO / "people").iterdir())
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


def enrol(
    gallery: Gallery, recognizer: Recognizer, template: int, person: int, face: EmbeddedFace
) -> None:
    gallery.add(template, person, recognizer.template(face), face.quality.score)


def demo_gallery(recognizer: Recognizer) -> Gallery:
    """Four photos of each demo person; persons are numbered as in `PEOPLE`."""
    gallery = Gallery(recognizer.embedding_size)
    for person, name in enumerate(PEOPLE):
        for number in range(4):
            (face,) = recognizer.recognize(photo(f"people/{name}/{number}.jpg")).faces
            enrol(gallery, recognizer, person * 10 + number, person, face)
    return gallery


@pytest.fixture(scope="session")
def demo_people(recognizer: Recognizer) -> Gallery:
    """The demo people enrolled. Not to be changed."""
    return demo_gallery(recognizer)


@pytest.fixture(scope="session")
def portraits(detector: Detector) -> tuple[Image, list[int]]:
    """Aligned crops of three demo people, (12, 112, 112, 3), and who is on each."""
    crops, classes = [], []
    for number, person in enumerate(("Mei_Tanaka", "Jonas_Weber", "Leila_Rahimi")):
        for path in sorted((DEMO / "people" / person).iterdir()):
            photo = imaging.decode(path.read_bytes())
            crops.append(align(photo, detector.detect(photo)[0].landmarks))
            classes.append(number)
    return np.stack(crops), classes


@pytest.fixture
def crops(portraits: tuple[Image, list[int]]) -> Image:
    return portraits[0]


@pytest.fixture
def classes(portraits: tuple[Image, list[int]]) -> list[int]:
    return portraits[1]


def recipe_for(architecture: str, *stages: Stage, **options: Any) -> Recipe:
    """A small training of an architecture with its own scale and margin.

    Its batches go evenly into the nine photos of a test: one graph fewer to trace.
    """
    best = ARCHITECTURES[architecture].recipe
    chosen = {"augmentations": AUGMENTATIONS, "batch": 3, "precision": "float32", **options}
    return replace(best, stages=stages, **chosen)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
