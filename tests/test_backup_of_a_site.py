"""A real site, backed up while people upload and delete photos, and brought back elsewhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.servers import new_database
from tests.sites import ROOT, Site, Visitor, python, wait_for
from tests.soak.load import USERS, Load, logged_in

pytestmark = pytest.mark.slow

ASKED = sorted(str(path) for path in (ROOT / "demo" / "photos").rglob("*.jpg"))[::6]
STRANGERS = {"FACESITE_STRANGERS": "0.4"}
"""On which probabilities depend: whoever restores a site gives it the settings that it had."""
SECRET_KEY = "a-key-of-mine" * 5
MAIL = "smtp://me:a-password-of-mine@mail.example"
DELETED = "AuditEvent.objects.filter(action='photo.deleted').count()"
UNFINISHED = "Identification.objects.filter(status__in=UNFINISHED).count()"


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    site = make_site(**STRANGERS, FACESITE_PHOTOS_PER_HOUR="100000", SECRET_KEY=SECRET_KEY)
    site.manage("enrol", "demo/people")
    for name in USERS:
        site.make_user(name, "user")
    site.start()
    site.environment["EMAIL_URL"] = MAIL  # with which those who visit it would have to get mail
    return site


@pytest.fixture(scope="module")
def archives(site: Site, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Some, made while the site is busy."""
    load, over = Load(site, seed=1), Event()
    deleting = Thread(target=delete_again_and_again, args=(site, over))
    load.start()
    deleting.start()
    wait_for(lambda: len(load.accepted) >= 6, timeout=120)
    files = [tmp_path_factory.mktemp("backups") / f"{number}.tar" for number in range(3)]
    made = [json.loads(site.manage("backup", str(file), "--json")) for file in files]
    over.set()
    deleting.join()
    load.stop()
    assert [one["missing"] for one in made] == [[]] * len(files)
    assert ask(site, DELETED) > 0
    return files


def delete_again_and_again(site: Site, over: Event) -> None:
    visitor = logged_in(site, USERS[0])
    while not over.wait(0.2):
        visitor.post("/history/delete/", {"everything": "on"})


def answers(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(site.manage("identify", *ASKED, "--json").splitlines()[-1])
    assert [photo["status"] for photo in told["photos"]] == ["done"] * len(ASKED)
    return told


def ask(site: Site, question: str) -> int:
    code = f"from recognition.models import *; print({question})"
    return int(site.manage("shell", "-v0", "-c", code))


def restored(file: Path, place: Path, **environment: str) -> Site:
    """A site where there was nothing before."""
    site = Site(place, **STRANGERS, **environment)
    told = json.loads(site.manage("restore", str(file), "--json").splitlines()[-1])
    assert told["broken"] == []
    return site


def require_sound(site: Site) -> None:
    assert json.loads(site.manage("verify_audit", "--json").splitlines()[-1])["whole"]
    out = python("manage.py", "verify_integrity", "--json", **site.environment).stdout
    findings = json.loads(out.splitlines()[-1])["findings"]
    assert [one for one in findings if one["broken"] and one["check"] != "stuck"] == []


def test_every_archive_comes_back_on_sqlite_whole(
    site: Site, archives: list[Path], tmp_path: Path
) -> None:
    before = answers(site)
    for file in archives:
        place = restored(file, tmp_path / file.stem)
        require_sound(place)
        assert answers(place) == before


def test_a_site_moves_to_postgresql_and_back(
    site: Site, archives: list[Path], postgresql: str, tmp_path: Path
) -> None:
    before, file = answers(site), tmp_path / "back.tar"
    database = new_database(postgresql, "there")
    there = restored(archives[-1], tmp_path / "there", DATABASE_URL=database)
    require_sound(there)
    assert answers(there) == before
    there.manage("backup", str(file))
    back = restored(file, tmp_path / "back")
    require_sound(back)
    assert answers(back) == before
    assert rows(file) == rows(archives[-1])


def rows(file: Path) -> dict[str, list[str]]:
    """Every row of a backup, but what the log says of backups; PostgreSQL orders keys anew."""
    with tarfile.open(file) as tar:
        tables = [name for name in tar.getnames() if name.startswith("rows/")]
        found = {name: _in_order(tar.extractfile(name)) for name in tables}
    del found["rows/recognition.audithead.jsonl"]
    return found


def _in_order(lines: Any) -> list[str]:
    return [json.dumps(json.loads(line), sort_keys=True) for line in lines if b'"site.' not in line]


def test_the_restored_site_starts_and_answers_what_was_waiting(
    archives: list[Path], tmp_path: Path
) -> None:
    place = restored(archives[0], tmp_path / "data").start()
    try:
        Visitor(place).login("admin")
        wait_for(lambda: ask(place, UNFINISHED) == 0, timeout=180)
        require_sound(place)
    finally:
        place.close()


def test_no_secret_is_in_the_bytes(archives: list[Path]) -> None:
    data = archives[0].read_bytes()
    assert b'"FACESITE_STRANGERS": "0.4"' in data
    assert b'"EMAIL_URL"' in data  # its name alone
    assert b"a-password-of-mine" not in data
    assert b"a-key-of-mine" not in data


def test_killed_at_any_moment_it_goes_on(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "site.tar"
    part = file.with_name("site.tar.part")
    command = [sys.executable, "manage.py", "backup", str(file)]
    with subprocess.Popen(command, cwd=ROOT, env=site.environment) as process:
        wait_for(part.exists)
        process.send_signal(signal.SIGKILL)
    assert not file.exists()
    site.manage("backup", str(file))
    require_sound(restored(file, tmp_path / "data"))


def test_a_backup_of_an_older_database_comes_back_up_to_date(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    """As whoever makes one just before an update has it."""
    site, file = make_site(), tmp_path / "site.tar"
    site.manage("migrate", "recognition", "0015", "--verbosity=0")
    site.manage("backup", str(file))
    place = restored(file, tmp_path / "data")
    assert "[ ]" not in place.manage("showmigrations")
    assert ask(place, "User.objects.filter(username='admin').count()") == 1
    require_sound(place)


def test_where_there_is_no_site_a_sentence_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path / "data")
    done = python("manage.py", "backup", str(tmp_path / "site.tar"), **site.environment)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: There is no site in")
    assert not (tmp_path / "site.tar.part").exists()
