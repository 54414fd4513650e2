"""What takes long has a process of its own, which takes nobody's time and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from recognition.services.work import processes
from tests.sites import ROOT, python, wait_for

LINUX = sys.platform == "linux"
TELL = """
import json, os, signal, time
signal.signal(signal.SIGTERM, lambda *_: (open({farewell!r}, "w").close(), os._exit(0)))
told = {{"nice": os.nice(0), "policy": os.sched_getscheduler(0) if hasattr(os, "SCHED_IDLE") else 0,
        "group": os.getpgid(0), "malloc": os.environ.get("MALLOC_MMAP_THRESHOLD_")}}
with open({told!r} + ".part", "w") as file:
    json.dump(told, file)
os.rename({told!r} + ".part", {told!r})
time.sleep(60)
"""
BY_ITSELF = """
import sys
from contextlib import suppress
from facesite.commands import Commands
Commands(["manage.py", "migrate", "--skip-checks", "-v0"]).execute()
for name in ("look_over", "index_gallery", "scrub", "purge", "gather"):
    with suppress(SystemExit):  # the last one has no model to ask
        Commands(["manage.py", name, "--quiet"]).execute()
    print(name, "facesite.urls" in sys.modules)
"""


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    processes._started.clear()
    yield
    for child in processes._started.values():
        child.kill()


class Told:
    """A command that tells about itself in a file and then waits."""

    def __init__(self, folder: Path) -> None:
        self.told, self.farewell = folder / "told", folder / "farewell"
        script = TELL.format(told=str(self.told), farewell=str(self.farewell))
        self.command = ("shell", "-v0", "-c", script)

    def wait(self) -> dict[str, Any]:
        wait_for(self.told.exists, timeout=60)
        found: dict[str, Any] = json.loads(self.told.read_text())
        return found


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_it_takes_only_what_time_is_left(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "1")
    assert processes.start(*told.command)
    found = told.wait()
    assert found["nice"] == 19
    if LINUX:
        assert found["policy"] == os.SCHED_IDLE
    assert found["group"] == os.getpgid(0)
    assert found["malloc"] is None


@pytest.mark.slow
def test_what_a_site_starts_by_itself_loads_no_pages(tmp_path: Path) -> None:
    done = python(
        "-c", BY_ITSELF, DATA_DIR=str(tmp_path), DJANGO_SETTINGS_MODULE="facesite.settings"
    )
    assert done.returncode == 0, done.stderr
    found = dict(line.split() for line in done.stdout.splitlines())
    assert len(found) == 5
    assert set(found.values()) == {"False"}


def test_what_somebody_waits_for_gets_its_share(told: Told) -> None:
    assert processes.start(*told.command, urgent=True)
    assert told.wait()["nice"] == os.nice(0)


def test_the_same_is_not_started_twice(told: Told) -> None:
    assert processes.start(*told.command)
    assert not processes.start(*told.command)
    assert processes.start("help")


def test_the_end_of_its_worker_is_told_and_waited_for(told: Told) -> None:
    processes.start(*told.command)
    told.wait()
    processes.end_all()
    assert told.farewell.exists()
    assert [child.returncode for child in processes._started.values()] == [0]


def test_a_process_that_has_ended_is_buried(told: Told) -> None:
    processes.start("help")
    (child,) = processes._started.values()
    # Nobody asks: without a thread that waits for it, it would stay a zombie.
    wait_for(lambda: not psutil.pid_exists(child.pid), timeout=60)


@pytest.mark.skipif(not LINUX, reason="only Linux tells children of a killed parent")
def test_it_ends_when_its_worker_is_killed(told: Told, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import django, time\n"
        "django.setup()\n"
        "from recognition.services.work import processes\n"
        f"processes.start(*{told.command!r})\n"
        "time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen([sys.executable, str(script)], env=environment)
    told.wait()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_for(told.farewell.exists, timeout=20)
