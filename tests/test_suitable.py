"""Who cannot install facesite learns it in one sentence, before 3 GB are downloaded."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from facesite.suitable import Machine, trouble
from tests.sites import ROOT

DESK = Machine((3, 11), "Linux", "x86_64", ("glibc", "2.28"))


@pytest.mark.parametrize(
    "machine",
    [
        DESK,
        replace(DESK, python=(3, 13)),
        replace(DESK, processor="aarch64", libc=("glibc", "2.35")),
        Machine((3, 12), "Darwin", "arm64", ("", "")),
    ],
)
def test_what_is_suitable_is_left_in_peace(machine: Machine) -> None:
    assert trouble(machine) is None


def test_this_machine_may_go_on() -> None:
    """As `make` runs it: what it prints and what it ends with."""
    asked = subprocess.run(
        [sys.executable, "facesite/suitable.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (replace(DESK, python=(3, 10)), "this is 3.10"),
        (replace(DESK, python=(3, 14)), "this is 3.14"),
        (Machine((3, 12), "Darwin", "x86_64", ("", "")), "Intel"),
        (replace(DESK, libc=("", "")), "musl"),
        (replace(DESK, processor="aarch64", libc=("glibc", "2.31")), "here is 2.31"),
        (replace(DESK, libc=("glibc", "2.27")), "glibc 2.28"),
        (replace(DESK, system="Windows"), "this is Windows"),
    ],
)
def test_what_is_not_is_named_in_one_line(machine: Machine, words: str) -> None:
    said = trouble(machine)
    assert said is not None
    assert words in said
    assert "\n" not in said


def test_make_asks_before_it_installs(tmp_path: Path) -> None:
    """A Python that says it is another, in the place of `python3`."""
    python = tmp_path / "python3"
    fake = "import sys, runpy; sys.version_info = (3, 14, 0, 'final', 0); "
    fake += "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{fake}" "$@"\n')
    python.chmod(0o755)
    for name in ("Makefile", "facesite/suitable.py"):
        place = tmp_path / "clone" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((ROOT / name).read_bytes())
    made = subprocess.run(
        ["make", f"PYTHON={python}", ".venv/bin/python"],
        cwd=tmp_path / "clone",
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode != 0
    assert "facesite needs Python 3.11 to 3.13" in made.stderr
    assert not (tmp_path / "clone" / ".venv").exists()
