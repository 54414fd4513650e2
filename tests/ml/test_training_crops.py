from __future__ import annotations

import os
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml import imaging, provenance
from ml.alignment import align
from ml.data import crops
from ml.data.crops import CROP_BYTES, prepare
from ml.data.dataset import DataError, Dataset, gather, read
from ml.detection import Detector
from ml.errors import Unwritable
from ml.threads import Progress
from tests.ml.conftest import DEMO, room_for
from tests.ml.test_training_data import make_photo
from tests.sites import python

PEOPLE = ("Amina_Diallo", "Mei_Tanaka", "Jonas_Weber")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three rendered people with four photos each."""
    for person in PEOPLE:
        shutil.copytree(DEMO / "people" / person, tmp_path / "photos" / person)
    return tmp_path / "photos"


@pytest.fixture
def tiny(tmp_path: Path) -> Dataset:
    """Four people with five tiny photos each, for what has nothing to do with faces."""
    photos = {
        person: [make_photo(tmp_path / f"{number}{k}.png", 100 * number + k) for k in range(5)]
        for number, person in enumerate("abcd")
    }
    return gather(photos)


def largest_face(path: Path, detector: Detector) -> object:
    photo = imaging.decode(path.read_bytes())
    return align(photo, max(detector.detect(photo), key=lambda f: f.box.area).landmarks)


class TestCrops:
    def test_a_crop_is_the_largest_face_as_it_is_served(
        self, root: Path, tmp_path: Path, detector: Detector
    ) -> None:
        shutil.copy(DEMO / "photos/groups/0.jpg", root / PEOPLE[0] / "group.jpg")
        made = prepare(read([root], minimum=4), tmp_path / "cache")
        assert made.images.shape == (13, 112, 112, 3)
        assert made.images.dtype == np.uint8
        for photo, crop in zip(made.dataset.photos, made.images, strict=True):
            np.testing.assert_array_equal(crop, largest_face(photo.path, detector))

    def test_photos_without_a_face_and_damaged_ones_are_reported(
        self, root: Path, tmp_path: Path
    ) -> None:
        empty = make_photo(root / PEOPLE[0] / "empty.png", 9)
        cut = root / PEOPLE[1] / "cut.jpg"
        cut.write_bytes((root / PEOPLE[1] / "0.jpg").read_bytes()[:-5000])
        dataset = read([root], minimum=4)
        made = prepare(dataset, tmp_path / "cache")
        assert len(dataset.photos) == 14
        assert len(made.dataset.photos) == len(made.images) == 12
        assert {(Path(skipped.path), skipped.reason) for skipped in made.dataset.skipped} == {
            (empty, "no_face"),
            (cut, "damaged_image"),
        }

    def test_people_who_have_too_few_faces_are_left_out(self, root: Path, tmp_path: Path) -> None:
        """In the middle, so that the crops of those behind them have to move up."""
        (root / PEOPLE[2] / "0.jpg").unlink()
        make_photo(root / PEOPLE[2] / "empty.png", 9)
        for _ in range(2):  # made, and found again
            made = prepare(read([root], minimum=4), tmp_path / "cache")
            assert [person.label for person in made.dataset.identities] == [PEOPLE[0], PEOPLE[1]]
            assert made.dataset.left_out == ((PEOPLE[2], 3),)
            both = prepare(read([root], minimum=3), tmp_path / "cache")
            np.testing.assert_array_equal(made.images, both.images[[*range(4), *range(7, 11)]])

    def test_as_is_takes_the_pixels_as_they_are(self, tmp_path: Path) -> None:
        pictures = np.random.default_rng(0).integers(0, 256, (6, 112, 112, 3), np.uint8)
        paths = [tmp_path / f"{k}.png" for k in range(6)]
        for path, picture in zip(paths, pictures, strict=True):
            path.write_bytes(imaging.encode_png(picture))
        dataset = gather({"a": paths[:3], "b": paths[3:]}, minimum=3)
        made = prepare(dataset, tmp_path / "cache", mode="as-is")
        for photo, crop in zip(dataset.photos, made.images, strict=True):
            np.testing.assert_array_equal(crop, pictures[paths.index(photo.path)])

    def test_as_is_scales_what_has_another_size(self, tiny: Dataset, tmp_path: Path) -> None:
        made = prepare(tiny, tmp_path / "cache", mode="as-is")
        assert made.images.shape == (20, 112, 112, 3)
        for photo, crop in zip(tiny.photos, made.images, strict=True):
            assert (crop == imaging.decode(photo.path.read_bytes())[0, 0]).all()

    def test_nobody_with_enough_faces_is_an_error(self, tiny: Dataset, tmp_path: Path) -> None:
        for _ in range(2):
            with pytest.raises(DataError) as refused:
                prepare(tiny, tmp_path / "cache")
            assert refused.value.code == "too_few_people"


class TestKept:
    def test_a_second_time_no_photo_is_looked_at(self, tiny: Dataset, tmp_path: Path) -> None:
        first = prepare(tiny, tmp_path / "cache", mode="as-is")
        for photo in tiny.photos:
            photo.path.unlink()
        second = prepare(tiny, tmp_path / "cache", mode="as-is")
        np.testing.assert_array_equal(first.images, second.images)

    def test_other_names_for_files_and_people_change_nothing(
        self, tiny: Dataset, tmp_path: Path
    ) -> None:
        prepare(tiny, tmp_path / "cache", mode="as-is")
        people = {
            f"new {identity.label}": [
                photo.path.rename(photo.path.with_suffix(".jpg")) for photo in identity.photos
            ]
            for identity in tiny.identities
        }
        prepare(gather(people), tmp_path / "cache", mode="as-is")
        assert len(list((tmp_path / "cache").iterdir())) == 1

    def test_other_code_makes_them_anew(
        self, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prepare(tiny, tmp_path / "cache", mode="as-is")
        monkeypatch.setattr(provenance, "digest_of", lambda _module: "other code")
        prepare(tiny, tmp_path / "cache", mode="as-is")
        assert len(list((tmp_path / "cache").iterdir())) == 2

    def test_progress_comes_to_all_photos(self, tiny: Dataset, tmp_path: Path) -> None:
        told: list[tuple[int, int]] = []
        for _ in range(2):
            prepare(
                tiny, tmp_path / "cache", mode="as-is", progress=lambda *step: told.append(step)
            )
        assert told == [*((done, 20) for done in range(1, 21)), (20, 20), (20, 20)]

    def test_of_old_data_sets_the_last_used_are_kept(self, tiny: Dataset, tmp_path: Path) -> None:
        def used(minimum: int) -> Path:
            made = prepare(replace(tiny, minimum=minimum), tmp_path / "cache", mode="as-is")
            return tmp_path / "cache" / made.key

        first, *others = (used(minimum) for minimum in range(1, 1 + crops.SETS_KEPT))
        used(1)
        newest = used(5)
        assert {*(tmp_path / "cache").iterdir()} == {first, *others[1:], newest}


class TestInterrupted:
    def test_after_a_kill_it_goes_on_where_it_was(self, tiny: Dataset, tmp_path: Path) -> None:
        killed = python("-c", KILLED, str(tmp_path))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        told: list[int] = []
        made = prepare(
            tiny, tmp_path / "cache", mode="as-is", progress=lambda done, _: told.append(done)
        )
        assert told[0] == 11  # two people were done
        whole = prepare(tiny, tmp_path / "another", mode="as-is")
        np.testing.assert_array_equal(made.images, whole.images)

    @pytest.mark.parametrize("known", [0, 5, 7, 14])
    def test_crops_that_were_written_but_not_noted_are_made_again(
        self, tiny: Dataset, tmp_path: Path, known: int
    ) -> None:
        """As after a kill between the two, or in the middle of either."""

        def stop(done: int, _total: int) -> None:
            if done == 18:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            prepare(tiny, tmp_path / "cache", mode="as-is", progress=stop)
        (outcomes,) = tmp_path.glob("cache/*/outcomes")
        assert outcomes.stat().st_size == 15
        os.truncate(outcomes, known)
        made = prepare(tiny, tmp_path / "cache", mode="as-is")
        whole = prepare(tiny, tmp_path / "another", mode="as-is")
        np.testing.assert_array_equal(made.images, whole.images)

    def test_a_full_disk_is_one_sentence_and_loses_nothing(
        self, tiny: Dataset, tmp_path: Path
    ) -> None:
        with room_for(7 * CROP_BYTES), pytest.raises(Unwritable) as refused:
            prepare(tiny, tmp_path / "cache", mode="as-is")
        assert refused.value.code == "disk_full"
        assert "make room" in str(refused.value)
        told: list[int] = []
        made = prepare(
            tiny, tmp_path / "cache", mode="as-is", progress=lambda done, _: told.append(done)
        )
        assert told[0] == 6  # one person was done
        whole = prepare(tiny, tmp_path / "another", mode="as-is")
        np.testing.assert_array_equal(made.images, whole.images)

    def test_a_folder_that_cannot_be_written_to_is_one_sentence(
        self, tiny: Dataset, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(Unwritable) as refused:
            prepare(tiny, tmp_path / "file" / "cache", mode="as-is")
        assert refused.value.code == "unwritable"

    @pytest.mark.parametrize(("part", "reason"), [(0, "empty_file"), (40, "cut_short")])
    def test_a_photo_that_was_whole_a_moment_ago_is_reported(
        self, root: Path, tmp_path: Path, part: int, reason: str
    ) -> None:
        shutil.copy(root / PEOPLE[0] / "0.jpg", photo := root / PEOPLE[0] / "more.jpg")
        photo.write_bytes(photo.read_bytes() + b"a video")
        dataset = read([root], minimum=4)
        photo.write_bytes(photo.read_bytes()[:part])
        made = prepare(dataset, tmp_path / "cache")
        assert [(Path(one.path), one.reason) for one in made.dataset.skipped] == [(photo, reason)]

    def test_a_photo_that_has_gone_is_one_sentence(self, tiny: Dataset, tmp_path: Path) -> None:
        tiny.photos[3].path.unlink()
        with pytest.raises(DataError) as refused:
            prepare(tiny, tmp_path / "cache", mode="as-is")
        assert refused.value.code == "unreadable_file"
        assert str(tiny.photos[3].path) in str(refused.value)

    def test_two_at_once_wait_for_each_other(self, tiny: Dataset, tmp_path: Path) -> None:
        started, go_on = threading.Event(), threading.Event()
        told: list[str] = []

        def first(_done: int, _total: int) -> None:
            started.set()
            assert go_on.wait(10)
            told.append("first")

        def second(_done: int, _total: int) -> None:
            told.append("second")

        def run(progress: Progress) -> threading.Thread:
            arguments = {"mode": "as-is", "progress": progress}
            thread = threading.Thread(
                target=prepare, args=(tiny, tmp_path / "cache"), kwargs=arguments
            )
            thread.start()
            return thread

        threads = [run(first)]
        assert started.wait(10)
        threads.append(run(second))
        threads[1].join(0.1)
        assert told == []
        go_on.set()
        for thread in threads:
            thread.join(10)
        assert told.count("second") == 1  # all was there already


KILLED = """
import os, signal, sys
from pathlib import Path
from ml.data.crops import prepare
from ml.data.dataset import gather

def progress(done, total):
    if done == 13:
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
photos = {person: sorted(folder.glob(f"{number}?.png")) for number, person in enumerate("abcd")}
prepare(gather(photos), folder / "cache", mode="as-is", progress=progress)
"""
