"""Who may import whom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.imports import Import, circle, imports, leads_to, room, sources
from tests.sites import ROOT, python

SITE = frozenset({"django", "celery", "recognition", "facesite"})
HEAVY = ("tensorflow", "keras", "openvino", "cv2", "scipy", "matplotlib", "cryptography")
IN_THE_WEB = HEAVY[:5]

FLOORS = {
    "recognition.models": 0,
    "recognition.services": 1,
    "recognition.presenters": 2,
    "recognition.forms": 2,
    "recognition.templatetags": 2,
    "recognition.messages": 2,
    "recognition.formats": 2,
    "recognition.views": 3,
    "recognition.api": 3,
    "recognition.admin": 3,
    "recognition.management": 3,
    "recognition.tasks": 3,
}
"""Values are below what changes them, and that is below what asks for it."""
SIBLINGS = tuple(room for room, floor in FLOORS.items() if floor == 3)
BLIND = {
    "recognition.presenters": ("recognition.forms", "recognition.templatetags"),
    "recognition.messages": ("recognition.presenters", "recognition.forms"),
    "recognition.formats": ("recognition.presenters", "recognition.forms"),
}
"""What some know nothing of although it is on their floor."""


def offences(root: Path) -> Iterator[str]:
    """Every import that is where it should not be, in a sentence."""
    for one in imports(root):
        if one.module.startswith("ml.") and one.name.partition(".")[0] in SITE:
            yield f"{one}: the science knows nothing of the site."
        yield from _against_the_floors(one)
        if one.in_function and not _may_be_late(one, root):
            yield f"{one} inside a function, which spares nobody a heavy library."


def _against_the_floors(one: Import) -> Iterator[str]:
    above, below = _place(one.module, FLOORS), _place(one.name, FLOORS)
    if above and below and FLOORS[above] < FLOORS[below]:
        yield f"{one}: {above} is below {below}."
    if above in SIBLINGS and below in SIBLINGS and above != below:
        yield f"{one}: {above} and {below} are siblings."
    if below and below in BLIND.get(above, ()):
        yield f"{one}: {above} knows nothing of {below}."


def _place(module: str, places: dict[str, int]) -> str:
    return next((place for place in places if f"{module}.".startswith(f"{place}.")), "")


def _may_be_late(one: Import, root: Path) -> bool:
    """Heavy libraries must not be loaded with everything, and Django asks receivers to be
    registered in `ready`."""
    return one.module.endswith(".apps") or leads_to(one.name, frozenset(HEAVY), root)


def test_every_import_is_where_it_should_be() -> None:
    assert list(offences(ROOT)) == []


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle(_arrows(ROOT, by_folder=False)) == []


def test_no_folders_import_each_other_in_a_circle() -> None:
    assert circle(_arrows(ROOT, by_folder=True)) == []


def _arrows(root: Path, *, by_folder: bool) -> dict[str, set[str]]:
    known = sources(root)
    arrows: dict[str, set[str]] = {}
    for one in imports(root):
        if one.name in known:
            ends = (one.module, one.name)
            start, end = (room(end, root) for end in ends) if by_folder else ends
            if start != end:
                arrows.setdefault(start, set()).add(end)
    return arrows


WRONG = (
    ("ml/gallery.py", "from django.db import models", "knows nothing of the site"),
    ("recognition/services/audit.py", "from recognition.forms import fields", "is below"),
    ("recognition/models/work.py", "import recognition.services.audit", "is below"),
    ("recognition/views/status.py", "from recognition.admin import base", "are siblings"),
    ("recognition/presenters/runs.py", "import recognition.forms.people", "knows nothing of"),
    ("recognition/tasks.py", "def f():\n    import json", "inside a function"),
)


def test_every_import_in_the_wrong_place_is_named(tmp_path: Path) -> None:
    for package in ("ml", "recognition", "facesite"):
        shutil.copytree(ROOT / package, tmp_path / package)
    for file, line, _sentence in WRONG:
        with (tmp_path / file).open("a") as source:
            source.write(f"\n{line}\n")
    found = list(offences(tmp_path))
    assert len(found) == len(WRONG)
    for file, _line, sentence in WRONG:
        module = file.removesuffix(".py").replace("/", ".")
        assert [one for one in found if one.startswith(f"{module},") and sentence in one]


def test_a_circle_is_found(tmp_path: Path) -> None:
    for package in ("ml", "recognition", "facesite"):
        shutil.copytree(ROOT / package, tmp_path / package)
    with (tmp_path / "ml" / "types.py").open("a") as source:
        source.write("\nif TYPE_CHECKING:\n    from ml.gallery import Gallery\n")
    assert set(circle(_arrows(tmp_path, by_folder=False))) >= {"ml.types", "ml.gallery"}


def test_networks_are_compiled_in_one_place() -> None:
    """Why there may be one only is said there; the other one reads files and compiles nothing."""
    made = {module for module, path in sources(ROOT).items() if "ov.Core()" in path.read_text()}
    assert made == {"ml.openvino_core", "ml.versions.onnx"}


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
    report = f"import sys; print(*[name for name in {IN_THE_WEB} if name in sys.modules])"
    # With DEBUG, static files need not be collected.
    done = python("-c", f"{code}\n{report}", FACESITE_DEBUG="true")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
