"""PostgreSQL and Redis in place of what is bundled. Debian's packages of both have to be there."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.sites import ROOT, Site, Visitor, free_port, python, wait_for

pytestmark = pytest.mark.slow

PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg"


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The address of a Redis server that exists for these tests."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs Redis: apt-get install redis-server")
    port = str(free_port())
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [program, "--port", port, "--save", ""], cwd=folder, stdout=subprocess.DEVNULL
        ) as server,
    ):
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


def test_a_photo_is_answered_on_postgresql_and_redis(
    make_site: Callable[..., Site], postgresql: str, redis: str
) -> None:
    site = make_site(prepared=False, DATABASE_URL=postgresql, REDIS_URL=redis).start("--demo")
    assert "broker" not in site.output()
    site.make_user("visitor", "user")
    visitor = Visitor(site)
    visitor.login("visitor")
    page = visitor.post("/", {"photos": SimpleUploadedFile("photo.jpg", PHOTO.read_bytes())})
    wait_for(lambda: "Mei Tanaka" in visitor.get(page.url).text, timeout=60)
    site.close()
    assert not (site.data_dir / "db.sqlite3").exists()


def test_everything_the_site_does_works_on_postgresql(postgresql: str) -> None:
    """The same tests once more. Those that start a site of their own would stay on SQLite."""
    own_sites = ("http_agrees", "benchmark_command")
    left_out = [f"--ignore=tests/recognition/test_{name}.py" for name in own_sites]
    command = ("-m", "pytest", "--ds=tests.settings", "tests/recognition", *left_out)
    suite = python(*command, DATABASE_URL=postgresql)
    assert suite.returncode == 0, suite.stdout
