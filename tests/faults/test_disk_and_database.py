"""A disk that is full and a database that is locked: a real site, which stays up and goes on."""

from __future__ import annotations

import resource
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.faults.photos import PHOTO, Upload
from tests.sites import Page, Site, Visitor, wait_for

MakeSite = Callable[..., Site]
WAIT_SECONDS = 180  # others may be using the machine


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Iterator[Site]:
    site = make_site().start()
    site.make_user("visitor", "user")
    yield site
    site.close()


@pytest.fixture
def visitor(site: Site) -> Visitor:
    visitor = Visitor(site)
    visitor.login("visitor")
    return visitor


def upload(visitor: Visitor, count: int = 1) -> Page:
    files = [SimpleUploadedFile(f"{n}.jpg", PHOTO.read_bytes()) for n in range(count)]
    return visitor.post("/", {"photos": files})


@contextmanager
def no_process_may_write(site: Site) -> Iterator[None]:
    """To a file. What a full disk answers, without one. The log may go on, it is another's."""
    for process in site.processes()[1:]:
        process.rlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for process in site.processes():
            with suppress(psutil.NoSuchProcess):
                process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process that runs")
def test_on_a_full_disk_the_site_stays_up_refuses_uploads_and_answers_what_it_has(
    site: Site, visitor: Visitor
) -> None:
    worker = psutil.Process(site.pid_of("worker"))
    worker.suspend()
    before = Upload(site)
    with no_process_may_write(site):
        worker.resume()
        refused = upload(visitor)
        assert refused.status == 507
        assert "no room left on the site’s disk" in refused.text
        assert upload(visitor, count=20).status == 507  # too large to be taken in memory
        assert visitor.get("/history/").status == 200
        wait_for(lambda: "(disk_full)" in site.output() or "waits for the" in site.output(), 60)
    wait_for(before.is_done, WAIT_SECONDS)
    assert before.ask("failures") == [(0,)]
    assert upload(visitor).status == 200
    assert not site.has_ended()


@pytest.mark.slow
def test_a_database_that_is_locked_for_long_has_a_page_that_says_so(
    site: Site, visitor: Visitor
) -> None:
    database = sqlite3.connect(site.data_dir / "db.sqlite3", timeout=60, isolation_level=None)
    with closing(database):
        database.execute("BEGIN IMMEDIATE")
        refused = upload(visitor)
        database.execute("ROLLBACK")
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "10"
    assert "The site cannot answer just now" in refused.text
    assert upload(visitor).status == 200
    assert "Traceback" not in site.output()
