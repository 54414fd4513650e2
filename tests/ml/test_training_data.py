from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml import imaging
from ml.artifact import read_labels, write_labels
from ml.data.dataset import DataError, Dataset, Skipped, gather, read
from ml.errors import ArtifactDamaged, ArtifactMissing


def make_photo(path: Path, shade: int) -> Path:
    """A tiny photo of its own content for every shade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((4, 4, 3), [shade % 256, shade // 256, 7], np.uint8)
    path.write_bytes(imaging.encode_png(picture))
    return path


def make_people(root: Path, *people: str, photos: int = 5) -> Path:
    for number, person in enumerate(people):
        for k in range(photos):
            make_photo(root / person / f"{k}.png", 100 * number + k)
    return root


def labels(dataset: Dataset) -> list[str]:
    return [identity.label for identity in dataset.identities]


def refusal(*roots: Path) -> DataError:
    with pytest.raises(DataError) as refused:
        read(roots)
    return refused.value


class TestReading:
    def test_a_folder_is_a_person(self, tmp_path: Path) -> None:
        dataset = read([make_people(tmp_path, "1", "0")])
        assert labels(dataset) == ["0", "1"]
        assert [len(identity.photos) for identity in dataset.identities] == [5, 5]
        assert (dataset.skipped, dataset.left_out) == ((), ())

    def test_every_photo_has_the_hash_of_its_bytes(self, tmp_path: Path) -> None:
        for photo in read([make_people(tmp_path, "a", "b")]).photos:
            assert photo.sha256 == hashlib.sha256(photo.path.read_bytes()).hexdigest()

    def test_owners_tell_whose_each_photo_is(self, tmp_path: Path) -> None:
        dataset = read([make_people(tmp_path, "a", "b")])
        assert [dataset.identities[owner].label for owner in dataset.owners] == [
            photo.path.parent.name for photo in dataset.photos
        ]

    def test_both_parts_of_digiface_are_read_together(self, tmp_path: Path) -> None:
        make_people(tmp_path / "subjects_0-1_72_imgs", "0", "1", photos=72)
        make_photo(tmp_path / "subjects_2-3_5_imgs/2/0.png", 5000)
        for k in range(5):
            make_photo(tmp_path / f"subjects_2-3_5_imgs/3/{k}.png", 6000 + k)
        dataset = read(sorted(tmp_path.iterdir()))
        assert [len(identity.photos) for identity in dataset.identities] == [72, 72, 5]
        assert dataset.left_out == (("2", 1),)

    def test_a_person_in_two_roots_is_one_person(self, tmp_path: Path) -> None:
        make_people(tmp_path / "one", "a", "b")
        make_photo(tmp_path / "two/a/0.png", 5000)
        dataset = read([tmp_path / "one", tmp_path / "two"])
        assert [len(identity.photos) for identity in dataset.identities] == [6, 5]

    def test_a_photo_that_a_person_has_twice_counts_once(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a", "b")
        shutil.copy(tmp_path / "a/0.png", tmp_path / "a/copy.png")
        assert len(read([tmp_path, tmp_path]).photos) == 10

    @pytest.mark.parametrize("name", ["Иван Петров", "山田太郎", "محمد علي", "José Núñez"])
    def test_names_may_be_of_any_script(self, tmp_path: Path, name: str) -> None:
        assert name in labels(read([make_people(tmp_path, name, "another")]))

    def test_both_spellings_of_an_accent_are_one_name(self, tmp_path: Path) -> None:
        make_people(tmp_path, normalize("NFC", "Zoé"), "another")
        make_photo(tmp_path / normalize("NFD", "Zoé") / "5.png", 5000)
        dataset = read([tmp_path])
        assert labels(dataset) == [normalize("NFC", "Zoé"), "another"]
        assert len(dataset.identities[0].photos) == 6

    def test_other_files_and_hidden_ones_are_nobodys_photos(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a", "b")
        (tmp_path / "README.md").write_text("about")
        (tmp_path / "a/notes.txt").write_text("about")
        make_photo(tmp_path / "a/.hidden.png", 5000)
        make_people(tmp_path / ".cache", "c")
        make_people(tmp_path, "__MACOSX", "@eaDir", "lost+found")
        assert (
            read([tmp_path]).fingerprint
            == read([make_people(tmp_path / ".x", "a", "b")]).fingerprint
        )

    def test_damaged_files_are_reported_and_skipped(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a", "b")
        broken, empty = tmp_path / "a/broken.jpg", tmp_path / "b/empty.png"
        broken.write_bytes(b"no photo")
        empty.write_bytes(b"")
        dataset = read([tmp_path])
        assert dataset.skipped == (
            Skipped(str(broken), "unreadable_image"),
            Skipped(str(empty), "empty_file"),
        )
        assert len(dataset.photos) == 10

    def test_two_empty_files_are_not_the_same_photo(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a", "b")
        for person in "ab":
            (tmp_path / person / "empty.png").touch()
        assert len(read([tmp_path]).skipped) == 2

    def test_people_with_too_few_photos_are_named_and_left_out(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a", "b")
        make_photo(tmp_path / "c/0.png", 5000)
        (tmp_path / "d").mkdir()
        dataset = read([tmp_path])
        assert labels(dataset) == ["a", "b"]
        assert dataset.left_out == (("c", 1), ("d", 0))

    def test_progress_comes_to_all_files(self, tmp_path: Path) -> None:
        told: list[tuple[int, int]] = []
        read([make_people(tmp_path, "a", "b")], progress=lambda *step: told.append(step))
        assert told == [(done, 10) for done in range(1, 11)]

    def test_the_real_faces_are_read_as_they_are(self, shared_data: Path) -> None:
        folders = sorted((shared_data / "faces105").iterdir())[:3]
        photos = {folder.name: sorted(folder.iterdir())[:20] for folder in folders}
        dataset = gather(photos)
        assert labels(dataset) == [folder.name for folder in folders]
        assert not dataset.skipped

    def test_twenty_thousand_photos_take_seconds(self, tmp_path: Path) -> None:
        """No step looks at every photo for every photo."""
        originals = [make_photo(tmp_path / f"{k}.png", k) for k in range(200)]
        people = {f"{k:02}": [originals[2 * k + i] for i in (0, 1)] * 100 for k in range(100)}
        started = time.monotonic()
        dataset = gather(people, minimum=2)
        assert len(dataset.photos) == 200
        assert time.monotonic() - started < 10


class TestBadInput:
    def test_a_missing_folder(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path / "nowhere")
        assert refused.code == "no_folder"
        assert str(tmp_path / "nowhere") in str(refused)

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        refused = refusal(tmp_path)
        assert refused.code == "no_photos"
        assert "a folder per person" in str(refused)

    def test_a_folder_of_parts_is_no_part(self, tmp_path: Path) -> None:
        make_people(tmp_path / "subjects_0-1_72_imgs", "0", "1")
        assert refusal(tmp_path).code == "no_photos"

    def test_photos_in_nobodys_folder(self, tmp_path: Path) -> None:
        stray = make_photo(make_people(tmp_path, "a", "b") / "stray.jpg", 5000)
        refused = refusal(tmp_path)
        assert refused.code == "photos_in_root"
        assert str(stray) in str(refused)

    def test_one_person_only(self, tmp_path: Path) -> None:
        refused = refusal(make_people(tmp_path, "a"))
        assert refused.code == "too_few_people"
        assert "1 of 1 people" in str(refused)

    def test_all_but_one_with_too_few_photos(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a")
        make_photo(tmp_path / "b/0.png", 5000)
        refused = refusal(tmp_path)
        assert refused.code == "too_few_people"
        assert "1 of 2 people" in str(refused)

    def test_the_same_photo_under_two_people_names_both(self, tmp_path: Path) -> None:
        make_people(tmp_path, "Ann", "Bob")
        shutil.copy(tmp_path / "Ann/3.png", tmp_path / "Bob/again.png")
        refused = refusal(tmp_path)
        assert refused.code == "photo_of_two_people"
        for named in ("Ann", "Bob", tmp_path / "Ann/3.png", tmp_path / "Bob/again.png"):
            assert str(named) in str(refused)

    def test_a_name_in_no_known_encoding(self, tmp_path: Path) -> None:
        make_people(tmp_path, "a", "b")
        try:
            make_people(tmp_path, "caf\udce9")
        except OSError:
            pytest.skip("this file system takes only names in UTF-8")
        refused = refusal(tmp_path)
        assert refused.code == "bad_name"
        str(refused).encode()

    def test_every_refusal_is_one_sentence(self, tmp_path: Path) -> None:
        for refused in (refusal(tmp_path / "nowhere"), refusal(tmp_path)):
            assert str(refused).endswith(".")
            assert ". " not in str(refused)


class TestFingerprint:
    def test_file_names_and_roots_mean_nothing(self, tmp_path: Path) -> None:
        before = read([make_people(tmp_path / "one", "a", "b")])
        (tmp_path / "two/b").mkdir(parents=True)
        (tmp_path / "one/b/0.png").rename(tmp_path / "two/b/zz.png")
        after = read([tmp_path / "two", tmp_path / "one"])
        assert after.fingerprint == before.fingerprint

    def test_another_photo_or_name_changes_it(self, tmp_path: Path) -> None:
        before = read([make_people(tmp_path, "a", "b")]).fingerprint
        make_photo(tmp_path / "a/new.png", 5000)
        more = read([tmp_path]).fingerprint
        (tmp_path / "a").rename(tmp_path / "c")
        assert len({before, more, read([tmp_path]).fingerprint}) == 3


class TestWithout:
    def test_a_person_with_too_few_photos_left_goes_too(self, tmp_path: Path) -> None:
        dataset = read([make_people(tmp_path, "a", "b", "c")])
        unusable = Skipped(str(tmp_path / "b/0.png"), "no_face")
        left = dataset.without([unusable])
        assert labels(left) == ["a", "c"]
        assert left.skipped == (unusable,)
        assert left.left_out == (("b", 4),)

    def test_two_people_have_to_be_left(self, tmp_path: Path) -> None:
        dataset = read([make_people(tmp_path, "a", "b")])
        with pytest.raises(DataError) as refused:
            dataset.without([Skipped(str(tmp_path / "b/0.png"), "no_face")])
        assert refused.value.code == "too_few_people"


class TestLabels:
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
    @example(["Иван Петров", "山田太郎", "محمد علي", 'O\'Brien "Bob"\n', "\u2028\ufeff"])
    def test_any_names_come_back(
        self, tmp_path_factory: pytest.TempPathFactory, names: list[str]
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "labels.json"
        write_labels(path, names)
        assert read_labels(path) == tuple(names)

    def test_a_person_can_read_the_file(self, tmp_path: Path) -> None:
        write_labels(tmp_path / "labels.json", ["Иван Петров"])
        assert '"0": "Иван Петров"' in (tmp_path / "labels.json").read_text("utf-8")

    def test_a_missing_file_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ArtifactMissing):
            read_labels(tmp_path / "labels.json")

    @pytest.mark.parametrize("text", ["", "[]]", '{"1": "a"}', '{"0": "a", "2": "b"}', "7"])
    def test_a_damaged_file_is_told(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "labels.json").write_text(text)
        with pytest.raises(ArtifactDamaged):
            read_labels(tmp_path / "labels.json")
