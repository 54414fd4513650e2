"""What is done to a site on purpose. Each returns once the site may recover."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
from redis import Redis

from tests.sites import Site, wait_for

Fault = Callable[[Site], None]
A_WHILE = 10.0  # seconds
REPLACED = 120.0


def children(site: Site, part: str) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(site.pid_of(part)).children()
    return []


def kill(*processes: psutil.Process) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_part(part: str) -> Fault:
    return lambda site: kill(psutil.Process(site.pid_of(part)))


def kill_child(part: str) -> Fault:
    return lambda site: kill(*children(site, part))


def kill_every_child_of_the_worker(site: Site) -> None:
    until = time.monotonic() + A_WHILE
    while time.monotonic() < until:
        kill(*children(site, "worker"))
        time.sleep(0.2)


def kill_everything(site: Site) -> None:
    kill(*reversed(site.processes()))
    site.process.wait()
    site.start()


def stop_and_start(site: Site) -> None:
    site.stop()
    site.start()


def stand_still(part: str, *, child: bool) -> Fault:
    """Until somebody notices and replaces it."""

    def stop(site: Site) -> None:
        found = children(site, part) if child else [psutil.Process(site.pid_of(part))]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                wait_for(lambda one=process: not _exists(one), REPLACED)

    return stop


def _exists(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def sleep_and_wake_up(site: Site) -> None:
    """The whole machine, as a laptop does."""
    everybody = site.processes()
    for process in everybody:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    time.sleep(A_WHILE)
    for process in reversed(everybody):
        with suppress(psutil.NoSuchProcess):
            process.resume()


def broker(site: Site) -> Redis:
    return Redis(unix_socket_path=str(site.data_dir / "broker" / "valkey.sock"))


def lose_all_messages(site: Site) -> None:
    broker(site).flushall()


def send_every_message_twice(site: Site) -> None:
    client = broker(site)
    for lane in client.keys("identification*"):
        for message in client.lrange(lane, 0, -1):
            client.lpush(lane, message)


def send_junk(site: Site) -> None:
    for junk in (b"no JSON \xff", b"{}", b"null", b'{"body": 1}'):
        broker(site).lpush("identification", junk)


def lock_the_database(site: Site) -> None:
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3", timeout=60)) as database:
        database.execute("BEGIN IMMEDIATE")
        time.sleep(25)
        database.rollback()


def fill_the_disk(site: Site) -> None:
    """No process may write to a file, and those that start meanwhile inherit that."""
    with writing_forbidden(site):
        time.sleep(A_WHILE)


@contextmanager
def writing_forbidden(site: Site) -> Iterator[None]:
    def limit(most: int) -> None:
        for process in site.processes():
            with suppress(psutil.NoSuchProcess):
                process.rlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    limit(0)
    try:
        yield
    finally:
        limit(resource.RLIM_INFINITY)


def hang_while_reading(site: Site) -> None:
    """The site is asked to end while a photo is read that never comes."""
    psutil.Process(site.pid_of("worker")).suspend()
    originals = site.data_dir / "media" / "originals"
    wait_for(lambda: any(originals.glob("*")), 60)
    swapped = [_swap(path) for path in sorted(originals.glob("*"))[:1]]
    psutil.Process(site.pid_of("worker")).resume()
    time.sleep(3)
    site.stop()
    for path, aside in swapped:
        path.unlink(missing_ok=True)
        aside.rename(path)
    site.start()


def _swap(path: Path) -> tuple[Path, Path]:
    aside = path.rename(path.with_suffix(".aside"))
    os.mkfifo(path)
    return path, aside


def reload(site: Site) -> None:
    site.process.send_signal(signal.SIGHUP)


FAULTS: dict[str, Fault] = {
    "child of the worker killed": kill_child("worker"),
    "every child of the worker killed for 10 s": kill_every_child_of_the_worker,
    "worker killed": kill_part("worker"),
    "process that answers killed": kill_child("web"),
    "web process killed": kill_part("web"),
    "broker killed": kill_part("broker"),
    "whole site killed": kill_everything,
    "whole site stopped and started": stop_and_start,
    "stopped while a photo is read that never comes": hang_while_reading,
    "child of the worker stands still": stand_still("worker", child=True),
    "worker stands still": stand_still("worker", child=False),
    "process that answers stands still": stand_still("web", child=True),
    "broker stands still": stand_still("broker", child=False),
    "whole site asleep for 10 s": sleep_and_wake_up,
    "all messages lost": lose_all_messages,
    "every message sent twice": send_every_message_twice,
    "junk in the queue": send_junk,
    "database locked for 25 s": lock_the_database,
    "no file can be written for 10 s": fill_the_disk,
    "reload (SIGHUP)": reload,
}
