"""Whatever dies in the midst of a photo, it is answered: real broker, real worker, kill -9."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.faults.photos import Upload, valkey
from tests.sites import Site, wait_for

MakeSite = Callable[..., Site]
WAIT_SECONDS = 180  # others may be using the machine


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    site = make_site().start()
    site.make_user("visitor", "user")
    return site


@contextmanager
def in_midst_of_a_photo(site: Site) -> Iterator[Upload]:
    """While this block runs, the worker's child reads an uploaded photo, for as long as we like:
    in the photo's place there was a pipe when it came to it, to which nobody writes."""
    worker = psutil.Process(site.pid_of("worker"))
    worker.suspend()
    upload = Upload(site)
    ((name,),) = upload.ask("original")
    original = site.data_dir / "media" / name
    aside = original.rename(original.with_suffix(".aside"))
    os.mkfifo(original)
    worker.resume()
    pipe = wait_for(lambda: end_of_pipe(original), timeout=WAIT_SECONDS)
    aside.rename(original)  # for whoever comes next
    assert upload.statuses() == ["running"]
    yield upload
    os.close(pipe)


def end_of_pipe(path: Path) -> int | None:
    """The end to write to. Opening it fails until somebody reads from the other."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def kill_children_of_the_worker(site: Site) -> None:
    for child in psutil.Process(site.pid_of("worker")).children():
        child.kill()


def test_a_photo_whose_worker_is_killed_is_answered_by_the_next_one_at_once(site: Site) -> None:
    with in_midst_of_a_photo(site) as upload:
        kill_children_of_the_worker(site)
    wait_for(upload.is_done, timeout=WAIT_SECONDS)
    assert upload.attempts_and_faces() == [(2, 1)]


@pytest.mark.slow
def test_of_twenty_photos_none_is_lost_however_often_the_worker_is_killed(site: Site) -> None:
    upload = Upload(site, count=20)
    for finished in (2, 8):
        wait_for(lambda n=finished: upload.statuses().count("done") >= n, timeout=WAIT_SECONDS)
        kill_children_of_the_worker(site)
    wait_for(upload.is_done, timeout=WAIT_SECONDS)
    assert [faces for _, faces in upload.attempts_and_faces()] == [1] * 20


def test_a_photo_in_work_when_the_whole_site_is_killed_is_answered_after_the_next_start(
    site: Site,
) -> None:
    with in_midst_of_a_photo(site) as upload:
        for process in reversed(site.processes()):  # those that the supervisor would take along
            with suppress(psutil.NoSuchProcess):
                process.kill()
        site.process.wait()
    site.start()
    wait_for(upload.is_done, timeout=WAIT_SECONDS)
    assert upload.attempts_and_faces() == [(2, 1)]
    assert not upload.went_stale()


@pytest.mark.slow
def test_a_photo_that_hangs_when_the_site_is_stopped_is_answered_after_the_next_start(
    site: Site,
) -> None:
    with in_midst_of_a_photo(site) as upload:
        assert site.stop() == 0
    site.start()
    wait_for(upload.is_done, timeout=WAIT_SECONDS)
    assert upload.attempts_and_faces() == [(2, 1)]
    assert not upload.went_stale()
    site.close()


@pytest.mark.slow
def test_photos_uploaded_while_the_broker_is_down_are_answered_once_it_is_up(
    make_site: MakeSite,
) -> None:
    site = make_site()
    socket = site.data_dir / "own.sock"
    site.environment["REDIS_URL"] = f"redis+socket://{socket}"
    with valkey(socket):
        site.start()
        site.make_user("visitor", "user")
    socket.unlink(missing_ok=True)
    started = time.monotonic()
    upload = Upload(site, count=20)
    assert time.monotonic() - started < 20  # a second for each photo would be more, with the log-in
    assert set(upload.statuses()) == {"queued"}
    with valkey(socket):
        wait_for(upload.is_done, timeout=WAIT_SECONDS)
        site.close()
