from __future__ import annotations

import numpy as np
import pytest

from ml.evaluation.closed_set import Answers, Class, ClosedSet, Confusion, by_prototypes
from ml.types import Floats
from tests.ml.made_up import held_out

LABELS = ("Анна", "Борис", "Вера", "Глеб", "Дина", "Егор")


def sure_of(classes: list[int]) -> Floats:
    return np.eye(len(LABELS), dtype=np.float32)[classes]


@pytest.fixture
def closed_set() -> ClosedSet:
    truth = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
    taken = [0, 0, 1, 0, 0, 2, 2, 2, 5, 3]
    parts = {
        "train": Answers.of(sure_of([0, 1, 2, 3]), np.array([0, 1, 2, 3])),
        "test": Answers.of(sure_of(taken), np.array(truth)),
    }
    return ClosedSet(LABELS, parts)


def test_accuracy_is_the_share_of_right_answers(closed_set: ClosedSet) -> None:
    assert closed_set.accuracy("train") == 1
    assert closed_set.accuracy("test") == 0.6
    assert closed_set.accuracy("validation") is None


def test_top5_looks_at_the_five_likeliest() -> None:
    probabilities = np.array([[0.3, 0.25, 0.2, 0.12, 0.08, 0.05]] * 2, np.float32)
    part = {"test": Answers.of(probabilities, np.array([4, 5]))}
    closed_set = ClosedSet(LABELS, part)
    assert closed_set.accuracy("test") == 0
    assert closed_set.top5() == 0.5


def test_the_worst_classes_come_first_and_those_without_mistakes_not_at_all(
    closed_set: ClosedSet,
) -> None:
    assert closed_set.worst() == [
        Class("Борис", 0, 2),
        Class("Анна", 2, 3),
        Class("Вера", 3, 4),
    ]
    assert closed_set.worst(1) == [Class("Борис", 0, 2)]
    assert [one.label for one in closed_set.per_class()] == ["Анна", "Борис", "Вера", "Глеб"]


def test_the_most_confused_come_first(closed_set: ClosedSet) -> None:
    first, *others = closed_set.most_confused()
    assert first == Confusion("Борис", "Анна", times=2, photos=2)
    assert {(one.label, one.taken_for) for one in others} == {("Анна", "Борис"), ("Вера", "Егор")}


def test_without_mistakes_nobody_is_confused() -> None:
    closed_set = ClosedSet(LABELS, {"test": Answers.of(sure_of([0, 1]), np.array([0, 1]))})
    assert closed_set.worst() == []
    assert closed_set.most_confused() == []


def test_batches_give_what_all_at_once_gives(closed_set: ClosedSet) -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random((50, 6)).astype(np.float32)
    truth = rng.integers(0, 6, 50)
    batches = Answers.collect(iter(np.array_split(probabilities, 7)), truth)
    assert np.array_equal(batches.likeliest, Answers.of(probabilities, truth).likeliest)


def test_the_summary_is_what_the_command_prints(closed_set: ClosedSet) -> None:
    assert closed_set.summary() == {
        "train": 1.0,
        "validation": None,
        "test": 0.6,
        "top5": 1.0,
        "classes": 6,
    }


def test_fewer_classes_than_five_and_no_photos_at_all() -> None:
    two = ClosedSet(("a", "b"), {"test": Answers.of(np.eye(2, dtype=np.float32), np.array([0, 0]))})
    assert (two.accuracy("test"), two.top5()) == (0.5, 1.0)
    none = ClosedSet(("a", "b"), {"test": Answers.collect([], np.zeros(0, np.int64))})
    assert none.accuracy("test") is None
    assert none.most_confused() == []


def test_a_network_without_classes_takes_photos_for_the_nearest_prototype() -> None:
    people = held_out(8, 10, noise=0.5)
    numbers = np.arange(80)
    rows = {"train": numbers[numbers % 10 < 8], "test": numbers[numbers % 10 == 9]}
    found = by_prototypes(people.labels, people.embeddings, people.owners, rows)
    assert (found.accuracy("train"), found.accuracy("test")) == (1, 1)
    wrong = people.owners.copy()
    wrong[rows["test"][:2]] = 7
    assert by_prototypes(people.labels, people.embeddings, wrong, rows).accuracy("test") == 0.75
