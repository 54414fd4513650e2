"""What dies or hangs is started again: a real site, and signals to its processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException

import psutil
import pytest
from redis import Redis

from facesite import pulse
from tests.faults.photos import Upload
from tests.sites import Site, Visitor, python, wait_for

MakeSite = Callable[..., Site]
WAIT_SECONDS = 180  # others may be using the machine
PARTS = ("broker", "worker", "web")


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Iterator[Site]:
    site = make_site().start()
    site.make_user("visitor", "user")
    yield site
    site.close()


def is_there(site: Site) -> bool:
    """Whether the web process answers, and not one that is about to be killed with its parent."""
    with suppress(OSError, HTTPException):
        return Visitor(site).get("/healthz").status == 200
    return False


def answers(site: Site) -> bool:
    """Whether a photo is answered, now or in the end."""
    wait_for(lambda: is_there(site) and is_there(site), WAIT_SECONDS)
    upload = Upload(site)
    wait_for(upload.is_done, WAIT_SECONDS)
    return True


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_killed_is_started_again(site: Site, name: str) -> None:
    before = site.pid_of(name)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: site.pid_of(name) != before, WAIT_SECONDS)
    wait_for(site.listens, WAIT_SECONDS)
    assert answers(site)
    assert not site.has_ended()


@pytest.mark.slow
def test_a_child_that_dies_while_the_worker_starts_again_ends_nothing(site: Site) -> None:
    before = site.pid_of("worker")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: site.pid_of("worker") != before, WAIT_SECONDS)
    worker = psutil.Process(site.pid_of("worker"))
    for child in wait_for(worker.children, WAIT_SECONDS):
        child.kill()
    assert answers(site)
    assert not site.has_ended()


def child_of_the_worker(site: Site) -> psutil.Process:
    children: list[psutil.Process] = wait_for(psutil.Process(site.pid_of("worker")).children)
    return children[0]


def child_of_the_web(site: Site) -> psutil.Process:
    children: list[psutil.Process] = wait_for(psutil.Process(site.pid_of("web")).children)
    return children[0]


STOPPED: dict[str, Callable[[Site], psutil.Process]] = {
    "child of the worker": child_of_the_worker,
    "worker": lambda site: psutil.Process(site.pid_of("worker")),
    "child of the web process": child_of_the_web,
    "web": lambda site: psutil.Process(site.pid_of("web")),
    "broker": lambda site: psutil.Process(site.pid_of("broker")),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is stopped")
@pytest.mark.parametrize("name", STOPPED)
def test_a_process_that_stands_still_is_replaced(site: Site, name: str) -> None:
    assert answers(site)
    process = STOPPED[name](site)
    process.suspend()
    everybody = psutil.Process(site.pid_of("web")).children() if name == "web" else []
    wait_for(lambda: has_ended(process), WAIT_SECONDS)
    wait_for(lambda: all(map(has_ended, everybody)), WAIT_SECONDS)
    assert answers(site)


def has_ended(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


def test_the_status_page_tells_of_restarts(site: Site) -> None:
    os.kill(site.pid_of("worker"), signal.SIGKILL)
    restarts = site.data_dir / "pulse" / "restarts"
    wait_for(lambda: restarts.exists() and "worker" in restarts.read_text(), WAIT_SECONDS)
    visitor = Visitor(site)
    visitor.login("admin")
    assert "The worker ended by itself and was started again" in visitor.get("/status/").text


@pytest.mark.slow
def test_a_part_that_never_gets_a_good_start_ends_the_site(make_site: MakeSite) -> None:
    site = make_site().start()
    killed: set[int] = set()
    while not site.has_ended():
        with suppress(ProcessLookupError):
            if (worker := site.pid_of("worker")) not in killed:
                os.kill(worker, signal.SIGKILL)
                killed.add(worker)
        time.sleep(0.1)
    assert site.exit_code() == 1
    assert "worker does not start." in site.output()


def test_what_is_no_message_is_dropped(site: Site) -> None:
    assert answers(site)  # it may have been started anew a moment ago
    redis = Redis(unix_socket_path=str(site.data_dir / "broker" / "valkey.sock"))
    worker = site.pid_of("worker")
    for junk in (b"no JSON at all \xff", b"[1, 2", b"{}", b"null", b'{"body": 1}'):
        redis.lpush("identification", junk)
    assert answers(site)
    assert site.pid_of("worker") == worker
    assert "is no message, and is dropped" in site.output()


@pytest.mark.slow
def test_what_an_earlier_broker_left_behind_is_dropped(make_site: MakeSite) -> None:
    site = make_site()
    left = site.data_dir / "broker" / "appendonlydir"
    left.mkdir(parents=True)
    (left / "appendonly.aof.manifest").touch()
    (left.parent / "dump.rdb").write_bytes(os.urandom(64))
    site.start()
    site.make_user("visitor", "user")
    assert answers(site)
    assert not left.exists()
    site.close()


def test_every_process_gives_signs_of_life(site: Site) -> None:
    folder = site.data_dir / "pulse"
    wait_for(lambda: {"worker", "child", "web"} <= {p.name.split("-")[0] for p in folder.iterdir()})
    wait_for(lambda: python("-m", "facesite.pulse", **site.environment).returncode == 0)
    assert pulse.SILENT_AFTER > 2 * pulse.EVERY
