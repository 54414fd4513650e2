from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ml import imaging
from ml.evaluation import cache as caches
from ml.evaluation.cache import FaceCache, FoundFace
from ml.evaluation.faces import find_faces, main_face
from ml.inference.recognizer import Recognition
from ml.types import Box, DetectedFace, EmbeddedFace, Floats, Image, Quality


def face(x: float, y: float, size: float, seed: int = 0) -> EmbeddedFace:
    embedding = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    detected = DetectedFace(Box(x, y, size, size), 0.9, np.zeros((5, 2), np.float32))
    crop = np.zeros((112, 112, 3), np.uint8)
    return EmbeddedFace(detected, Quality(0.5, ()), crop, embedding / np.linalg.norm(embedding))


class Looked:
    """In place of the networks: a face per photo, told by its first pixel; counts the photos."""

    def __init__(self) -> None:
        self.photos = 0

    def recognize(self, photo: Image) -> Recognition:
        self.photos += 1
        seed = int(photo[0, 0, 0])
        faces = () if seed == 255 else (face(0, 0, 10, seed),)
        return Recognition(faces, {})

    def template(self, face: EmbeddedFace) -> Floats:
        return np.full(128, 0.5, np.float32)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Ten photos; the last shows nobody."""
    paths = [tmp_path / f"{number}.png" for number in range(10)]
    for number, path in enumerate(paths):
        shade = 255 if number == 9 else number
        path.write_bytes(imaging.encode_png(np.full((16, 16, 3), shade, np.uint8)))
    return paths


def find(photos: Sequence[Path], cache: Path, looked: Looked) -> dict[Path, FoundFace | None]:
    with FaceCache(cache, batch=4) as faces:
        return find_faces(photos, looked, faces, lambda done, total: None)


class TestMainFace:
    PHOTO = np.zeros((250, 250, 3), np.uint8)

    def test_of_two_alike_the_one_in_the_middle(self) -> None:
        middle, corner = face(90, 90, 70), face(0, 0, 70)
        assert main_face([corner, middle], self.PHOTO) is middle

    def test_a_speck_in_the_very_middle_does_not_count(self) -> None:
        speck, person = face(120, 120, 10), face(60, 80, 90)
        assert main_face([speck, person], self.PHOTO) is person

    def test_without_faces_there_is_none(self) -> None:
        assert main_face([], self.PHOTO) is None


class TestFindFaces:
    def test_every_photo_gets_its_face_in_order(self, photos: list[Path], tmp_path: Path) -> None:
        found = find(photos, tmp_path / "cache", Looked())
        assert list(found) == photos
        assert found[photos[9]] is None
        for seed, path in enumerate(photos[:9]):
            answer = found[path]
            assert answer is not None
            assert np.array_equal(answer.embedding, face(0, 0, 10, seed).embedding)

    def test_a_second_run_looks_at_no_photo(self, photos: list[Path], tmp_path: Path) -> None:
        first = find(photos, tmp_path / "cache", Looked())
        again = Looked()
        second = find(photos, tmp_path / "cache", again)
        assert again.photos == 0
        for path in photos[:9]:
            one, other = first[path], second[path]
            assert one is not None
            assert other is not None
            assert np.array_equal(one.embedding, other.embedding)
            assert np.array_equal(one.template, other.template)
            assert one.quality == other.quality
        assert second[photos[9]] is None

    def test_photos_are_known_by_content_not_by_name(
        self, photos: list[Path], tmp_path: Path
    ) -> None:
        find(photos, tmp_path / "cache", Looked())
        renamed = tmp_path / "renamed.png"
        shutil.copy(photos[0], renamed)
        again = Looked()
        find([renamed], tmp_path / "cache", again)
        assert again.photos == 0

    def test_an_unreadable_photo_has_no_face(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.jpg"
        path.write_bytes(b"\xff\xd8\xff")
        assert find([path], tmp_path / "cache", Looked()) == {path: None}

    def test_a_killed_run_loses_the_last_batch_at_most(
        self, photos: list[Path], tmp_path: Path
    ) -> None:
        class Killed(Looked):
            def recognize(self, photo: Image) -> Recognition:
                if self.photos == 9:
                    raise KeyboardInterrupt
                return super().recognize(photo)

        faces = FaceCache(tmp_path / "cache", batch=4)
        with pytest.raises(KeyboardInterrupt):
            find_faces(photos, Killed(), faces, lambda done, total: None)
        del faces  # without closing it, as a killed process would
        again = Looked()
        find(photos, tmp_path / "cache", again)
        assert again.photos <= 3

    def test_progress_counts_every_photo(self, photos: list[Path], tmp_path: Path) -> None:
        seen: list[tuple[int, int]] = []
        with FaceCache(tmp_path / "cache") as faces:
            find_faces(photos, Looked(), faces, lambda done, total: seen.append((done, total)))
        assert seen == [(done, 10) for done in range(1, 11)]


class TestFingerprint:
    def test_it_changes_with_model_engine_and_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = caches._fingerprint("a", "openvino")
        assert caches._fingerprint("a", "openvino") == first
        others = {first, caches._fingerprint("a", "keras"), caches._fingerprint("b", "openvino")}
        monkeypatch.setattr(caches, "LOOKING", "ml.imaging")
        others.add(caches._fingerprint("b", "openvino"))
        assert len(others) == 4

    def test_one_file_serves_all_data_sets(self, tmp_path: Path) -> None:
        with FaceCache(tmp_path / "deep" / "cache") as faces:
            faces.put(b"1", None)
        connection = sqlite3.connect(tmp_path / "deep" / "cache")
        assert connection.execute("SELECT count(*) FROM face").fetchone() == (1,)
        connection.close()
