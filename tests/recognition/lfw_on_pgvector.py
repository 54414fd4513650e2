"""Decisions about LFW by the gallery in PostgreSQL and by exact search.
`tests/test_other_servers.py` runs this with GALLERY_BACKEND=pgvector; no other run collects it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml import imaging
from ml.calibration import Calibration, Policy, identify
from ml.errors import PhotoRejected
from ml.evaluation.datasets import read_people
from ml.inference.recognizer import Recognizer
from ml.types import EmbeddedFace, Identification
from recognition.models import ModelVersion
from tests.recognition.on_pgvector import both, enrol_all

AT_MOST = 0.001


def only_face(recognizer: Recognizer, photo: Path) -> EmbeddedFace | None:
    try:
        faces = recognizer.recognize(imaging.decode(photo.read_bytes())).faces
    except PhotoRejected:
        return None
    return faces[0] if len(faces) == 1 else None


def named(answer: Identification) -> int | None:
    return answer.candidates[0].person if answer.decision == "match" else None


@pytest.fixture(scope="module")
def recognizer(packaged_model: Path) -> Recognizer:
    return Recognizer.load(packaged_model / "sface-2021dec")


def test_the_same_people_are_named(
    version: ModelVersion, recognizer: Recognizer, shared_data: Path
) -> None:
    """The first photo of everybody is enrolled, and the second is asked about."""
    enrolled, probes = {}, {}
    for person, photos in enumerate(read_people(shared_data / "lfw").values(), start=1):
        faces = [only_face(recognizer, photo) for photo in sorted(photos)[:2]]
        if faces[0]:
            enrolled[person] = recognizer.template(faces[0])[None]
        if faces[1:] and faces[1]:
            probes[person] = faces[1].embedding
    enrol_all(version, enrolled)
    asked, exact = both(version)
    calibration, policy = Calibration.load(Path("ml/versions/sface-calibration.json")), Policy(0.01)
    said = {
        person: [identify(probe, one, calibration, policy) for one in (asked, exact)]
        for person, probe in probes.items()
    }
    right = np.array([[named(one) == person for one in pair] for person, pair in said.items()])
    differ = [one for one, other in said.values() if named(one) != named(other)]
    assert abs(float(np.diff(right.mean(axis=0))[0])) <= AT_MOST
    assert len(differ) <= AT_MOST * len(said)
