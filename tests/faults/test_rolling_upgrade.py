"""Processes of the last release and of this code side by side, on one database and broker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import releases
from tests.sites import ROOT, Site, Visitor, python, wait_for

PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg"
UPLOADS = 4
OUTCOMES = """
from recognition.models import Identification
for row in Identification.objects.all():
    print(row.filename, row.status, row.attempts, row.faces.count())
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The code of the last release."""
    return releases.unpack(releases.last(), tmp_path / "old")


@pytest.fixture
def place(tmp_path: Path, packaged_model: Path, postgresql: str, redis: str) -> dict[str, str]:
    """What all processes share."""
    shutil.copytree(packaged_model, tmp_path / "data" / "models")
    return {"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": postgresql, "REDIS_URL": redis}


@pytest.mark.long
def test_old_and_new_processes_side_by_side_lose_and_double_nothing(
    place: dict[str, str], old: Path
) -> None:
    """The database becomes that of this code while an old web process runs. Then a new one works
    with an old worker, and the old one with a new worker. What is uploaded while there is no worker
    waits for the next."""
    prepare(place, old)
    webs = {"old": started(place, old, "old-web")}
    looks = style(webs["old"])
    prepare(place, ROOT)
    webs["new"] = started(place, ROOT, "new-web")
    webs["new"].make_user("visitor", "user")
    for web, code in (("new", old), ("old", ROOT)):
        visitor = Visitor(webs[web])
        visitor.login("visitor")
        sent = upload(visitor, f"{web}-first")
        worker = started(place, code, f"worker-for-{web}")
        sent |= upload(visitor, f"{web}-then")
        wait_until_answered(place, sent)
        assert worker.stop() == 0
        assert "Traceback" not in webs[web].output() + worker.output()
    assert set(answered(place).values()) == {1}
    assert Visitor(webs["old"]).get(looks).status == 200
    for site in webs.values():
        site.close()


def prepare(place: dict[str, str], code: Path) -> None:
    command = [sys.executable, "manage.py", "prepare"]
    subprocess.run(command, cwd=code, env=os.environ | place, check=True)


def style(site: Site) -> str:
    """The address of the style sheet that its pages have."""
    page = Visitor(site).get("/accounts/login/").text
    return page.partition('rel="stylesheet" href="')[2].partition('"')[0]


def started(place: dict[str, str], code: Path, name: str) -> Site:
    site = Site(Path(place["DATA_DIR"]), **place)
    site.code = code
    site.log = site.data_dir / f"{name}.log"
    return site.start_web() if name.endswith("web") else site.start_worker()


def upload(visitor: Visitor, name: str) -> set[str]:
    """Photos one after the other, all accepted; returns the names of their files."""
    files = {f"{name}-{number}.jpg" for number in range(UPLOADS)}
    for file in files:
        page = visitor.post("/", {"photos": SimpleUploadedFile(file, PHOTO.read_bytes())})
        assert page.status == 200, page.text
    return files


def wait_until_answered(place: dict[str, str], files: set[str]) -> None:
    wait_for(lambda: set(answered(place)) >= files, timeout=120)


def answered(place: dict[str, str]) -> Counter[str]:
    """How often each photo is there, answered in one attempt with its one face."""
    told = python("manage.py", "shell", "-v0", "-c", OUTCOMES, **place).stdout
    return Counter(line.split()[0] for line in told.splitlines() if line.endswith(" done 1 1"))


@pytest.mark.long
def test_the_migrations_that_count_as_new_are_those_since_the_last_release(old: Path) -> None:
    there = sorted(path.stem for path in (old / "recognition" / "migrations").glob("0*.py"))
    assert there[-1] == releases.LAST_MIGRATION
