"""`manage.py compare --data DIR`: several architectures on the very same photos."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.sites import ROOT, python, wait_for

DEMO = ROOT / "demo"
FEW = ("--crops=as-is", "--hold-out=0.5")
"""Of so few people nobody is held out unless somebody insists."""
pytestmark = pytest.mark.slow


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Eight rendered people with eight photos each."""
    for person in sorted((DEMO / "people").iterdir())[:8]:
        shutil.copytree(person, tmp_path / "album" / person.name)
        for photo in (DEMO / "photos/people" / person.name).iterdir():
            shutil.copy(photo, tmp_path / "album" / person.name)
    return tmp_path / "album"


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"


def compare(folder: Path, *options: str, architectures: str = "eigenfaces") -> dict[str, Any]:
    out = StringIO()
    arguments = ("--data", str(folder), "--architectures", architectures, *FEW)
    call_command("compare", *arguments, "--json", *options, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def refusal(folder: Path, *options: str, architectures: str = "eigenfaces") -> str:
    with pytest.raises(CommandError) as refused:
        compare(folder, *options, architectures=architectures)
    return str(refused.value)


def test_it_tells_what_was_learned_from_and_how_well(album: Path) -> None:
    told = compare(album)
    assert (told["data"]["people"], told["data"]["photos"]) == (8, 64)
    assert told["split"] == {
        "train": 18,
        "validation": 3,
        "test": 3,
        "classes": 3,
        "held_out_people": 5,
        "held_out": 40,
    }
    measured = told["results"]["eigenfaces"]
    assert measured["closed_set"]["train"] > 0.9
    assert 0 < measured["held_out"]["rank1"]["value"] <= 1
    assert all(value > 0 for value in measured["cost"].values())


def test_it_prints_a_line_for_each_architecture(album: Path) -> None:
    out = StringIO()
    call_command("compare", "--data", str(album), "--architectures=eigenfaces", *FEW, stdout=out)
    heading, line = out.getvalue().splitlines()
    assert heading.split()[:4] == ["train", "validation", "test", "top-5"]
    assert line.startswith("eigenfaces ")
    assert line.count("%") == 6  # one figure takes more than forty photos to tell
    assert " – " in line


def test_a_report_has_tables_and_no_photos(album: Path, tmp_path: Path) -> None:
    told = compare(album, f"--report={tmp_path / 'report'}")
    page = (tmp_path / "report/report.html").read_text("utf-8")
    test = told["results"]["eigenfaces"]["closed_set"]["test"]
    assert f"{test * 100:.2f}\N{NO-BREAK SPACE}%" in page
    assert "principal components" in page
    assert "<img" not in page
    assert json.loads((tmp_path / "report/metrics.json").read_text("utf-8")) == told


def test_what_an_earlier_call_measured_is_not_measured_again(
    album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = compare(album)
    assert "known" not in capsys.readouterr().err
    assert compare(album) == first
    assert "eigenfaces: known from an earlier run" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--seed=1", "--hold-out=0"])
def test_another_split_is_another_comparison(
    album: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    compare(album)
    other = compare(album, option)
    assert "known" not in capsys.readouterr().err
    assert other["split"]["held_out_people"] == (5 if option == "--seed=1" else 0)


def test_without_people_held_out_their_metrics_are_missing(album: Path) -> None:
    assert compare(album, "--hold-out=0")["results"]["eigenfaces"]["held_out"] is None


def test_photos_and_people_that_are_not_used_are_told(
    album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = sorted(album.iterdir())
    broken = people[0] / "broken.jpg"
    broken.write_bytes(b"no photo")
    for photo in sorted(people[1].iterdir())[3:]:
        photo.unlink()
    compare(album)
    told = capsys.readouterr().err
    assert f"{broken} is skipped: This file could not be read as a photo." in told
    assert f"{people[1].name} is left out: 3 of the 5 photos that it takes." in told


@pytest.mark.parametrize("options", [["--hold-out=1"], ["--epochs=0"]])
def test_options_that_make_no_sense_are_refused(album: Path, options: list[str]) -> None:
    assert options[0].partition("=")[0] in refusal(album, *options, architectures="paper")


def test_an_unknown_architecture_is_refused(album: Path) -> None:
    assert "“vgg”" in refusal(album, architectures="eigenfaces,vgg")


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").startswith("There is no folder")


def test_one_person_only_is_one_sentence(album: Path) -> None:
    for person in sorted(album.iterdir())[1:]:
        shutil.rmtree(person)
    assert "1 of 1 people" in refusal(album)


@pytest.mark.slow
def test_after_a_kill_it_goes_on_where_it_was(album: Path, tmp_path: Path) -> None:
    asked = (
        *("manage.py", "compare", f"--data={album}", "--crops=as-is", "--json"),
        *("--architectures=eigenfaces,paper", "--epochs=3"),
    )
    environment = {"DATA_DIR": str(tmp_path / "data")}
    started = subprocess.Popen(
        [sys.executable, *asked],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: list(tmp_path.glob("data/compare/*-paper/state.json")), timeout=300)
    started.kill()
    started.wait()
    done = python(*asked, **environment)
    assert done.returncode == 0, done.stderr
    assert "eigenfaces: known from an earlier run" in done.stderr
    assert "paper: stage 1, epoch 1:" not in done.stderr
    assert "paper: stage 3, epoch 3:" in done.stderr
    results = json.loads(done.stdout.splitlines()[-1])["results"]
    assert results.keys() == {"eigenfaces", "paper"}
    assert [epoch["epoch"] for epoch in results["paper"]["history"]] == [1, 2, 3]
    assert [path.suffix for path in (tmp_path / "data/compare").iterdir()] == [".json"]
