from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.calibration import Policy
from ml.evaluation import open_set
from ml.evaluation.cache import FoundFace
from ml.evaluation.datasets import DatasetError
from tests.ml.made_up import unit
from tests.recognition.fakes import calibration

PEOPLE = {"few": 2, "many": 5, "some": 3, "stranger one": 1, "stranger two": 1, "twice": 2}


def listed(people: dict[str, int]) -> dict[str, list[Path]]:
    return {name: [Path(f"{name}/{n}.jpg") for n in range(n_)] for name, n_ in people.items()}


class TestSplit:
    def test_one_photo_each_is_enrolled_and_people_with_one_are_strangers(self) -> None:
        split = open_set.split(listed(PEOPLE), 1)
        assert list(split.enrolled) == ["few", "many", "some", "twice"]
        assert split.enrolled["many"] == [Path("many/0.jpg")]
        assert len(split.probes) == 1 + 4 + 2 + 1
        assert split.strangers == [Path("stranger one/0.jpg"), Path("stranger two/0.jpg")]

    def test_who_has_too_few_photos_to_be_searched_for_takes_no_part(self) -> None:
        split = open_set.split(listed(PEOPLE), 3)
        assert list(split.enrolled) == ["many"]
        assert [photo.name for _, photo in split.probes] == ["3.jpg", "4.jpg"]
        assert len(split.strangers) == 2

    def test_nobody_is_probe_and_enrolled_with_the_same_photo(self) -> None:
        split = open_set.split(listed(PEOPLE), 2)
        assert len(set(split.photos)) == len(split.photos)

    @pytest.mark.parametrize(
        ("people", "enrol", "complaint"),
        [
            (PEOPLE, 5, "Nobody has 6 photos"),
            (PEOPLE, 0, "At least one"),
            ({"few": 2}, 1, "no strangers"),
        ],
    )
    def test_data_that_cannot_be_split_is_told(
        self, people: dict[str, int], enrol: int, complaint: str
    ) -> None:
        with pytest.raises(DatasetError, match=complaint):
            open_set.split(listed(people), enrol)


class World:
    """People in a space of 128 dimensions, whose photos lie near each other."""

    def __init__(self, people: int = 200, strangers: int = 400, noise: float = 0.9) -> None:
        self.random = np.random.default_rng(0)
        self.people = {f"p{n:03d}": 3 for n in range(people)}
        self.people |= {f"s{n:03d}": 1 for n in range(strangers)}
        self.split = open_set.split(listed(self.people), 1)
        self.faces: dict[Path, FoundFace | None] = {}
        for photos in listed(self.people).values():
            middle = self.random.normal(size=128)
            for photo in photos:
                shifted = unit(middle + noise * self.random.normal(size=128))
                self.faces[photo] = FoundFace(shifted, shifted, 1.0)

    def evaluate(self, fpir: float = 0.01) -> open_set.OpenSet:
        return open_set.evaluate(
            self.split, self.faces, calibration(), Policy(fpir), progress=lambda done, total: None
        )


class TestEvaluation:
    def test_people_who_differ_are_all_named_and_hardly_a_stranger_is(self) -> None:
        summary = World(noise=0.3).evaluate().summary()
        assert summary.pop("fpir_measured") < 0.01
        errors = summary.pop("calibration_error")
        assert set(errors) == {"0.1", "0.5", "0.9"}
        assert max(errors.values()) < 0.1
        assert summary == {
            "enrol": 1,
            "people": 200,
            "probes": 400,
            "strangers": 400,
            "rank1": 1.0,
            "dir": {"0.1": 1.0, "0.01": 1.0, "0.003": 1.0},
            "fpir_promised": 0.01,
            "dir_at_decision": 1.0,
        }

    def test_a_stricter_promise_names_fewer(self) -> None:
        world = World(noise=1.2)
        shares = [world.evaluate().dir(fpir) for fpir in (0.1, 0.01, 0.003)]
        assert 1 > shares[0] > shares[1] >= shares[2] > 0.2
        low, high = world.evaluate().dir_interval(0.01)
        assert low < shares[1] < high

    def test_the_product_s_own_decision_is_measured_at_its_own_threshold(self) -> None:
        result = World(noise=1.2).evaluate(fpir=0.1)
        named = result.stranger_scores >= 0
        assert result.fpir_measured == pytest.approx(named.mean(), abs=1e-9)
        right_and_named = result.right & (result.scores >= 0)
        assert result.summary()["dir_at_decision"] <= right_and_named.mean()

    def test_a_probe_without_a_face_counts_as_not_recognised(self) -> None:
        world = World(noise=0.3)
        for _, photo in world.split.probes[:40]:
            world.faces[photo] = None
        result = world.evaluate()
        assert result.missing == 40
        assert result.summary()["rank1"] == pytest.approx(0.9)
        assert result.dir(0.01) == pytest.approx(0.9)

    def test_a_person_without_a_face_to_enrol_is_never_found(self) -> None:
        world = World(noise=0.3)
        for photos in list(world.split.enrolled.values())[:20]:
            world.faces[photos[0]] = None
        summary = world.evaluate().summary()
        assert summary["people"] == 180
        assert summary["rank1"] == pytest.approx(0.9)

    def test_a_stranger_without_a_face_was_not_searched_for(self) -> None:
        world = World(noise=0.3)
        world.faces[world.split.strangers[0]] = None
        assert world.evaluate().summary()["strangers"] == 399

    def test_without_any_face_there_is_nothing_to_measure(self) -> None:
        world = World(people=2, strangers=2)
        world.faces = dict.fromkeys(world.faces)
        with pytest.raises(DatasetError, match="No face"):
            world.evaluate()
