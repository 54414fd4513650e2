"""What docs/api.md tells programs to do is done, word by word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.sites import ROOT, Site

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(bash|python|yaml)\n(.*?)```", PAGE, re.DOTALL)
PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "5.jpg"


@pytest.fixture(scope="module")
def environment(live_site: Site) -> dict[str, str]:
    live_site.manage("enrol", str(ROOT / "demo" / "people"))
    live_site.make_user("program", "operator")
    token = live_site.manage("token", "program", "--scope", "identify,read,people")
    return {**os.environ, "SITE": live_site.url, "TOKEN": token.splitlines()[-1]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(PHOTO, tmp_path / "photo.jpg")
    (tmp_path / "notes.txt").write_text("no photo", encoding="utf-8")
    return tmp_path


def run(number: int, folder: Path, environment: dict[str, str]) -> str:
    language, text = EXAMPLES[number]
    command = {
        "bash": ["bash", "-euo", "pipefail", "-c", text],
        "python": [sys.executable, "-c", text],
    }[language]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, '"person": "Mei_Tanaka"'),
        (1, "photo.jpg match Mei_Tanaka 0.9"),
        (2, "Ada Lovelace"),
        (3, "Не удалось прочитать"),
        (4, ""),
    ],
)
def test_an_example_does_what_it_says(
    number: int, said: str, folder: Path, environment: dict[str, str]
) -> None:
    assert said in run(number, folder, environment)


def test_what_home_assistant_reads_is_yaml() -> None:
    read = [yaml.safe_load(text) for language, text in EXAMPLES if language == "yaml"]
    assert [list(one) for one in read] == [["shell_command", "rest_command"], ["automation"]]
    assert len(EXAMPLES) == 7
