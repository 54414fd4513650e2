from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ml.evaluation.datasets import DatasetError
from ml.evaluation.groups import by_group, read
from ml.evaluation.samples import HeldOut
from tests.ml.made_up import held_out, seen

PEOPLE = ("Иван Петров", "Ann", "Петр Андрей")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "groups.csv"


@pytest.mark.parametrize(
    "text",
    [
        "Иван Петров,север\nAnn,юг\n",
        "label,group\nИван Петров,север\nAnn,юг",
        "\ufeffLabel;Group\r\nИван Петров; север\r\nAnn;юг\r\n\r\n",
        "Иван Петров\tсевер\nAnn\tюг\nAnn\tюг\n",
        '"Иван Петров","север"\n"Ann","юг"\n',
    ],
)
def test_groups_are_read_in_the_ways_that_spreadsheets_write_them(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert read(file, PEOPLE) == {"Иван Петров": "север", "Ann": "юг"}


def test_the_two_ways_to_write_a_letter_are_one(file: Path) -> None:
    file.write_text("\u0418\u0306ордан,а", encoding="utf-8")
    assert read(file, ["\u0419ордан"]) == {"\u0419ордан": "а"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"Ann,a\nIvan,b\n", "line 2: there is nobody called “Ivan”"),
        (b"Ann,a\nAnn,b\n", "line 2: “Ann” is in two groups, “a” and “b”"),
        (b"Ann\n", "line 1: expected a label and a group, found “Ann”"),
        (b"Ann,a,b\n", "line 1: expected a label and a group"),
        (b"Ann,\n", "line 1: expected a label and a group"),
        (b"label,group\n", "is empty"),
        ("Иван Петров,а".encode("cp1251"), "not in UTF-8"),
    ],
)
def test_a_file_that_is_wrong_is_told_in_one_sentence(
    file: Path, content: bytes, complaint: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=complaint) as error:
        read(file, PEOPLE)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read(file, PEOPLE)


def two_kinds() -> HeldOut:
    """Ten people who are easy and ten who are hard, and three who are few."""
    easy, hard = held_out(10, 10, noise=0.4), held_out(10, 10, noise=2.4, seed=1, name="hard")
    few = held_out(3, 10, seed=2, name="few")
    return seen(
        (*easy.labels, *hard.labels, *few.labels),
        np.concatenate([easy.embeddings.probes, hard.embeddings.probes, few.embeddings.probes]),
        np.concatenate([easy.owners, hard.owners + 10, few.owners + 20]),
    )


def test_a_group_that_is_served_worse_shows() -> None:
    people = two_kinds()
    groups = {label: label.split()[0] for label in people.labels}
    found = by_group(people, groups)
    hard, easy = (next(g for g in found.groups if g.name == name) for name in ("hard", "person"))
    assert hard.metrics
    assert easy.metrics
    assert hard.metrics.rank1
    assert easy.metrics.rank1
    assert hard.metrics.rank1.value < easy.metrics.rank1.value
    assert (hard.errors["fnmr"] or 0) > 0.3 > (easy.errors["fnmr"] or 0)
    assert (hard.errors["miss"] or 0) > (easy.errors["miss"] or 0)


def test_the_ratio_is_that_of_the_largest_to_the_smallest() -> None:
    people = held_out(18, 8, noise=1.5)
    found = by_group(people, {label: str(n % 3) for n, label in enumerate(people.labels)})
    shares = [group.errors["fnmr"] for group in found.groups]
    assert found.ratio("fnmr") == max(filter(None, shares)) / min(filter(None, shares))
    assert (found.ratio("fmr") or 0) >= 1


def test_a_group_without_an_error_gives_no_ratio() -> None:
    people = held_out(20, 8, noise=0.2)
    found = by_group(people, {label: str(n % 2) for n, label in enumerate(people.labels)})
    assert [group.errors["miss"] for group in found.groups] == [0, 0]
    assert found.ratio("miss") is None


def test_too_few_people_are_said_to_be_too_few() -> None:
    people = two_kinds()
    groups = {label: label.split()[0] for label in people.labels if "007" not in label}
    found = by_group(people, groups)
    few = next(group for group in found.groups if group.name == "few")
    assert (few.people, few.metrics, few.errors) == (3, None, {})
    assert found.ungrouped == 2
    summary = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert summary["groups"]["few"] == {"people": 3, "figures": None, "at_one_threshold": None}
    assert set(summary["largest_ratio"]) == {"fmr", "fnmr", "fpir", "miss"}
