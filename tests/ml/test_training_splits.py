from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.dataset import Dataset, Identity, Photo
from ml.data.splits import PARTS, Split, load_split, split
from ml.errors import ArtifactDamaged, ArtifactMissing


def make_dataset(people: Mapping[str, int]) -> Dataset:
    """So many photos each, of which only the hashes matter here."""
    return Dataset(tuple(identity(label, photos) for label, photos in sorted(people.items())))


def identity(label: str, photos: int) -> Identity:
    hashes = sorted(hashlib.sha256(f"{label} {k}".encode()).hexdigest() for k in range(photos))
    return Identity(label, tuple(Photo(Path(label) / photo, photo) for photo in hashes))


def crowd(people: int, photos: int = 10) -> dict[str, int]:
    return {str(number): photos for number in range(people)}


def pixels_of(dataset: Dataset) -> dict[str, str]:
    return {photo.sha256: f"pixels of {photo.sha256}" for photo in dataset.photos}


def hashes(dataset: Dataset, rows: object) -> set[str]:
    return {dataset.photos[row].sha256 for row in np.asarray(rows)}


class TestPhotos:
    @given(
        photos=st.lists(st.integers(5, 80), min_size=2, max_size=12),
        seed=st.integers(0, 9),
        hold_out=st.sampled_from([0, 0.2]),
    )
    def test_every_photo_is_in_exactly_one_part(
        self, photos: list[int], seed: int, hold_out: float
    ) -> None:
        dataset = make_dataset({str(k): count for k, count in enumerate(photos)})
        parts = split(dataset, seed=seed, hold_out=hold_out)
        rows = np.concatenate([getattr(parts, part) for part in PARTS] + [parts.held_out_photos])
        assert sorted(rows) == list(range(sum(photos)))

    @pytest.mark.parametrize(
        ("photos", "divided"),
        [(5, (3, 1, 1)), (9, (7, 1, 1)), (10, (8, 1, 1)), (50, (40, 5, 5)), (72, (58, 7, 7))],
    )
    def test_a_class_is_divided_80_10_10(self, photos: int, divided: tuple[int, int, int]) -> None:
        parts = split(make_dataset(crowd(3, photos)), seed=1)
        for part, expected in zip(PARTS, divided, strict=True):
            assert Counter(parts.classes[getattr(parts, part)]) == dict.fromkeys(range(3), expected)

    def test_classes_are_the_people_who_are_not_held_out(self) -> None:
        dataset = make_dataset(crowd(20))
        parts = split(dataset, seed=0)
        for row, number in enumerate(parts.classes):
            label = dataset.identities[dataset.owners[row]].label
            assert (label in parts.held_out) if number < 0 else (parts.labels[number] == label)

    def test_photos_that_come_leave_most_others_where_they_were(self) -> None:
        before, after = make_dataset(crowd(10, 40)), make_dataset(crowd(10, 44))
        tested = [hashes(data, split(data, seed=0).test) for data in (before, after)]
        assert len(tested[0] & tested[1]) > 0.8 * len(tested[0])

    def test_a_class_needs_a_photo_in_every_part(self) -> None:
        with pytest.raises(ValueError, match="three photos"):
            split(replace(make_dataset(crowd(3)), minimum=2), seed=0)


class TestPeople:
    def test_people_who_are_held_out_are_in_no_other_part(self) -> None:
        dataset = make_dataset(crowd(50))
        parts = split(dataset, seed=0)
        assert len(parts.held_out) == 10
        assert not {*parts.held_out} & {*parts.labels}
        for row, owner in zip(parts.held_out_photos, parts.held_out_owners, strict=True):
            assert dataset.identities[dataset.owners[row]].label == parts.held_out[owner]

    @pytest.mark.parametrize(
        ("people", "held_out"),
        [(2, 0), (9, 0), (14, 0), (15, 5), (20, 6), (25, 8), (30, 10), (50, 10), (100, 20)],
    )
    def test_ten_are_held_out_or_a_third_and_nobody_of_few(
        self, people: int, held_out: int
    ) -> None:
        parts = split(make_dataset(crowd(people)), seed=3)
        assert len(parts.held_out) == held_out
        assert len(parts.labels) == people - held_out

    @pytest.mark.parametrize(("people", "held_out"), [(6, 0), (7, 5), (9, 5), (20, 10)])
    def test_who_asks_for_more_than_a_third_gets_more(self, people: int, held_out: int) -> None:
        parts = split(make_dataset(crowd(people)), seed=3, hold_out=0.5)
        assert len(parts.held_out) == held_out

    def test_none_are_held_out_if_none_shall_be(self) -> None:
        parts = split(make_dataset(crowd(50)), seed=0, hold_out=0)
        assert parts.held_out == ()
        assert len(parts.held_out_photos) == 0

    def test_most_stay_held_out_when_people_come_and_go(self) -> None:
        many = crowd(100)
        fewer = {label: photos for label, photos in many.items() if label not in "0123456789"}
        before, after = (split(make_dataset(data), seed=0).held_out for data in (many, fewer))
        assert len({*before} & {*after}) >= len(after) - 3

    @pytest.mark.parametrize("share", [-0.1, 1, 3])
    def test_a_share_that_is_none_is_refused(self, share: float) -> None:
        with pytest.raises(ValueError, match="share"):
            split(make_dataset(crowd(3)), seed=0, hold_out=share)


class TestSeed:
    def test_the_same_seed_gives_the_same_split(self) -> None:
        dataset = make_dataset(crowd(20))
        first, second = (split(dataset, seed=5) for _ in range(2))
        for part in (*PARTS, "classes", "held_out_photos", "held_out_owners"):
            np.testing.assert_array_equal(getattr(first, part), getattr(second, part))

    def test_another_seed_gives_another_split(self) -> None:
        dataset = make_dataset(crowd(20))
        first, second = (split(dataset, seed=seed) for seed in (1, 2))
        assert first.held_out != second.held_out
        assert hashes(dataset, first.test) != hashes(dataset, second.test)


class TestSaved:
    @pytest.fixture
    def saved(self, tmp_path: Path) -> tuple[Dataset, Split, Path]:
        dataset = make_dataset({"Иван Петров": 8, "山田太郎": 12, **crowd(13)})
        parts = split(dataset, seed=4)
        parts.save(tmp_path / "split.json", dataset, pixels_of(dataset))
        return dataset, parts, tmp_path / "split.json"

    def test_parts_and_classes_come_back_by_hash(self, saved: tuple[Dataset, Split, Path]) -> None:
        dataset, parts, path = saved
        loaded = load_split(path)
        assert loaded.seed == 4
        for part in PARTS:
            assert loaded.parts[part] == {
                dataset.photos[row].sha256: parts.classes[row] for row in getattr(parts, part)
            }

    def test_every_photo_is_named_as_well(self, saved: tuple[Dataset, Split, Path]) -> None:
        dataset, _, path = saved
        values = json.loads(path.read_text("utf-8"))
        files = {name for part in PARTS for name, *_ in values[part]}
        files |= {name for photos in values["held_out"].values() for name, _ in photos}
        names = {f"{photo.path.parent.name}/{photo.path.name}" for photo in dataset.photos}
        assert files == names

    def test_held_out_people_come_back_with_their_photos(
        self, saved: tuple[Dataset, Split, Path]
    ) -> None:
        dataset, parts, path = saved
        photos = {
            identity.label: tuple(photo.sha256 for photo in identity.photos)
            for identity in dataset.identities
        }
        loaded = load_split(path)
        assert loaded.held_out == {label: photos[label] for label in parts.held_out}
        assert not loaded.seen & {photo for label in parts.held_out for photo in photos[label]}
        assert loaded.seen == hashes(dataset, np.flatnonzero(parts.classes >= 0))

    def test_pixels_come_back_with_whose_they_are(self, saved: tuple[Dataset, Split, Path]) -> None:
        dataset, parts, path = saved
        loaded, pixels = load_split(path), pixels_of(dataset)
        files = hashes(dataset, np.flatnonzero(parts.classes >= 0))
        others = hashes(dataset, parts.held_out_photos)
        assert loaded.learned == files | {pixels[file] for file in files}
        assert loaded.judged == others | {pixels[file] for file in others}

    def test_one_that_an_earlier_facesite_wrote_has_files_alone(
        self, saved: tuple[Dataset, Split, Path]
    ) -> None:
        _, _, path = saved
        values = json.loads(path.read_text("utf-8"))
        del values["pixels"]
        path.write_text(json.dumps(values), "utf-8")
        loaded = load_split(path)
        assert loaded.learned == loaded.seen

    def test_the_counts_are_told(self, saved: tuple[Dataset, Split, Path]) -> None:
        _, parts, path = saved
        assert json.loads(path.read_text("utf-8"))["counts"] == {
            "train": len(parts.train),
            "validation": len(parts.validation),
            "test": len(parts.test),
            "classes": 10,
            "held_out": len(parts.held_out_photos),
            "held_out_people": 5,
        }

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ArtifactMissing):
            load_split(tmp_path / "split.json")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"seed": 1, "train": 5}'])
    def test_a_damaged_file_is_told(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "split.json").write_text(text)
        with pytest.raises(ArtifactDamaged):
            load_split(tmp_path / "split.json")
