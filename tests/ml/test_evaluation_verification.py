from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.evaluation import rates
from ml.evaluation.cache import FoundFace
from ml.evaluation.datasets import DatasetError, Pair, read_pairs, read_people
from ml.evaluation.verification import best_threshold, verify


@pytest.fixture
def lfw(tmp_path: Path) -> Path:
    """Four people with two photos each, named as in LFW."""
    for name in "ABCD":
        (tmp_path / name).mkdir()
        for number in (1, 2):
            (tmp_path / name / f"{name}_{number:04d}.jpg").touch()
    return tmp_path


def pairs_file(folder: Path, *lines: str) -> Path:
    path = folder / "pairs.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class TestPairs:
    def test_folds_of_same_and_different_people_are_read(self, lfw: Path) -> None:
        path = pairs_file(lfw, "2\t1", "A\t1\t2", "A\t1\tB\t1", "C\t2\t1", "C\t1\tD\t2")
        pairs = read_pairs(path, lfw)
        assert [(pair.same, pair.fold) for pair in pairs] == (
            [(True, 0), (False, 0), (True, 1), (False, 1)]
        )
        assert pairs[3].second == lfw / "D" / "D_0002.jpg"

    @pytest.mark.parametrize(
        ("lines", "number", "complaint"),
        [
            (["hello"], 1, "number of folds"),
            ([""], 1, "number of folds"),
            (["1\t1", "A\t1\t2", "A\t1\tB\t1"], 1, "two or more"),
            (["2\t1", "A\t1\t2", "A\t1\tB\t1", "C\t2\t1"], 4, "ends here"),
            (["2\t1", "A\t1\t2", "A\t1\t2", "C\t2\t1", "C\t1\tD\t2"], 3, "expected a name"),
            (["2\t1", "A\t1\tB\t2", "A\t1\tB\t1", "C\t2\t1", "C\t1\tD\t2"], 2, "two numbers"),
            (["2\t1", "A\t1\ttwo", "A\t1\tB\t1", "C\t2\t1", "C\t1\tD\t2"], 2, "two"),
            (["2\t1", "A\t1\t2", "A\t1\tB\t1", "C\t2\t7", "C\t1\tD\t2"], 4, "C_0007.jpg"),
        ],
    )
    def test_a_malformed_list_names_the_line(
        self, lfw: Path, lines: list[str], number: int, complaint: str
    ) -> None:
        with pytest.raises(DatasetError, match=rf"line {number}: .*{complaint}"):
            read_pairs(pairs_file(lfw, *lines), lfw)

    def test_a_list_that_is_not_there_or_not_text_is_told(self, lfw: Path) -> None:
        (lfw / "photo").write_bytes(b"\xff\xd8\xff")
        for name in ("nowhere", "photo"):
            with pytest.raises(DatasetError, match=name):
                read_pairs(lfw / name, lfw)

    def test_a_missing_folder_is_told(self, tmp_path: Path) -> None:
        path = pairs_file(tmp_path, "2\t1")
        with pytest.raises(DatasetError, match="no folder"):
            read_pairs(path, tmp_path / "nowhere")
        with pytest.raises(DatasetError, match="no folder"):
            read_people(tmp_path / "nowhere")


class TestPeople:
    def test_photos_come_by_person_in_order_of_name(self, lfw: Path) -> None:
        (lfw / "A" / ".A_0000.jpg").touch()
        (lfw / "A" / "notes.txt").touch()
        (lfw / "A" / "A_0000.PNG").touch()
        (lfw / "nobody").mkdir()
        (lfw / "__MACOSX").mkdir()
        (lfw / "__MACOSX" / "A_0001.jpg").touch()
        people = read_people(lfw)
        assert list(people) == ["A", "B", "C", "D"]
        assert [path.name for path in people["A"]] == ["A_0000.PNG", "A_0001.jpg", "A_0002.jpg"]

    def test_a_folder_without_people_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="one folder per person"):
            read_people(tmp_path)


class TestRates:
    def test_no_more_than_the_promised_share_lies_above_the_threshold(self) -> None:
        impostors = np.arange(1000) / 1000
        for rate, allowed in ((0.1, 100), (0.01, 10), (0.003, 3), (0.0005, 0)):
            threshold = rates.threshold_at(rate, impostors)
            assert np.sum(impostors > threshold) == allowed

    def test_equal_similarities_do_not_pass_together(self) -> None:
        impostors = np.array([0.1, 0.5, 0.5, 0.5])
        assert rates.share_above(rates.threshold_at(0.25, impostors), impostors) == 0

    def test_the_curve_rises_from_nothing_to_everything(self) -> None:
        random = np.random.default_rng(0)
        false, true = rates.curve(random.normal(0, 1, 500), random.normal(2, 1, 300))
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert (np.diff(false) >= 0).all()
        assert (np.diff(true) >= 0).all()

    def test_the_interval_is_about_as_wide_as_statistics_say(self) -> None:
        answers = np.arange(1000) < 900
        low, high = rates.interval(lambda groups: float(groups[0].mean()), answers.astype(float))
        assert low < 0.9 < high
        assert 2 * 1.8 < (high - low) / np.sqrt(0.9 * 0.1 / 1000) < 2 * 2.1


class TestBestThreshold:
    def test_it_parts_what_can_be_parted_in_the_middle(self) -> None:
        similarities = np.array([0.1, 0.2, 0.6, 0.8])
        same = np.array([False, False, True, True])
        assert best_threshold(similarities, same) == pytest.approx(0.4)

    def test_it_agrees_with_trying_every_threshold(self) -> None:
        random = np.random.default_rng(1)
        for _ in range(50):
            same = random.random(40) < 0.5
            similarities = np.round(random.normal(same * 0.3, 0.2), 1)  # many are equal
            tried = [
                np.mean((similarities > threshold) == same)
                for threshold in np.arange(-2, 2, 0.05) + 0.025
            ]
            best = np.mean((similarities > best_threshold(similarities, same)) == same)
            assert best == max(tried)

    def test_pairs_without_a_face_have_no_say(self) -> None:
        similarities = np.array([-np.inf, 0.2, 0.6, np.inf])
        same = np.array([True, False, True, False])
        assert best_threshold(similarities, same) == pytest.approx(0.4)


def face(degrees: float) -> FoundFace:
    angle = np.radians(degrees)
    embedding = np.array([np.cos(angle), np.sin(angle)], np.float32)
    return FoundFace(embedding, embedding, 1.0)


class TestProtocol:
    def test_each_fold_is_judged_by_a_threshold_chosen_on_the_others(self) -> None:
        angles = {"a": 0.0, "b": 30.0, "c": 90.0, "d": 60.0}
        faces: dict[Path, FoundFace | None] = {Path(name): face(a) for name, a in angles.items()}
        a, b, c, d = (Path(name) for name in "abcd")
        # Folds 0 and 1 agree that 60° are two people; in fold 2 they are one.
        usual = [(a, b, True), (a, d, False)]
        folds = [usual, usual, [(a, d, True), (a, c, False)]]
        pairs = [Pair(*pair, fold) for fold, listed in enumerate(folds) for pair in listed]
        result = verify(pairs, faces)
        assert result.accuracies[2] == 0.5  # 60° were one person here, against all experience
        assert 30 < np.degrees(np.arccos(result.thresholds[2])) < 60
        summary = result.summary()
        assert summary["pairs"] == 6
        assert summary["accuracy"] == pytest.approx(result.accuracies.mean())
        assert summary["sd"] == pytest.approx(np.std(result.accuracies, ddof=1))

    def test_a_pair_without_a_face_is_a_wrong_answer(self) -> None:
        faces = {Path("a"): face(0), Path("b"): face(5), Path("c"): face(90), Path("?"): None}
        a, b, c, unknown = (Path(name) for name in "abc?")
        good = [(a, b, True), (a, c, False)]
        bad = [(a, unknown, True), (unknown, c, False)]
        pairs = [Pair(*pair, fold) for fold in range(2) for pair in good + bad]
        result = verify(pairs, faces)
        assert result.summary() == {
            "accuracy": 0.5,
            "sd": 0.0,
            "tar": {"0.01": 0.0, "0.001": 0.0},
            "pairs": 8,
            "missing": 4,
        }

    def test_perfect_faces_make_no_mistakes(self) -> None:
        faces: dict[Path, FoundFace | None] = {
            Path(f"{person}-{photo}"): face(person * 40 + photo)
            for person in range(4)
            for photo in range(2)
        }
        pairs = []
        for fold in range(2):
            for person in (2 * fold, 2 * fold + 1):
                first, second = Path(f"{person}-0"), Path(f"{person}-1")
                pairs.append(Pair(first, second, same=True, fold=fold))
                other = Path(f"{(person + 1) % 4}-1")
                pairs.append(Pair(first, other, same=False, fold=fold))
        assert verify(pairs, faces).summary() == {
            "accuracy": 1.0,
            "sd": 0.0,
            "tar": {"0.01": 1.0, "0.001": 1.0},
            "pairs": 8,
            "missing": 0,
        }
