"""Who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites import ROOT, python

FORBIDDEN = {"django", "celery", "recognition", "facesite"}
HEAVY = ("tensorflow", "keras", "openvino", "cv2")
MODULES = sorted((ROOT / "ml").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_science_knows_nothing_of_the_site(module: Path) -> None:
    assert not FORBIDDEN.intersection(imported(module))


def imported(module: Path) -> Iterator[str]:
    """The top-level package of every import in a file, also of those inside functions."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_the_light_part_of_the_science_loads_no_network() -> None:
    assert loaded_by("import ml, ml.types, ml.errors, ml.imaging, ml.artifact") == ""


def test_the_tasks_load_no_network() -> None:
    assert loaded_by(f"{DJANGO}\nimport recognition.tasks") == ""


def test_the_web_process_loads_no_network() -> None:
    """All its modules, and one request through all its layers."""
    assert loaded_by(f"{DJANGO}\n{REQUEST}") == ""


DJANGO = "import django; django.setup()"
REQUEST = """
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
call_command("migrate", verbosity=0)
get_resolver().url_patterns
assert Client().get("/accounts/login/", headers={"host": "localhost"}).status_code == 200
"""


def loaded_by(code: str) -> str:
    """Which of the heavy packages a fresh interpreter has in memory after running the code."""
    report = f"import sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    # With DEBUG, static files need not be collected.
    done = python("-c", f"{code}\n{report}", FACESITE_DEBUG="true")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
