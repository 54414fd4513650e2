"""PostgreSQL, with and without pgvector, and Redis in place of what is bundled. Debian's packages
of PostgreSQL and Redis have to be there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.sites import ROOT, Site, Visitor, python, wait_for

PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg"


@pytest.mark.slow
def test_a_photo_is_answered_on_postgresql_and_redis(
    make_site: Callable[..., Site], postgresql: str, redis: str
) -> None:
    servers = {"DATABASE_URL": postgresql, "REDIS_URL": redis}
    site = make_site(prepared=False, FACESITE_LOG="json", **servers).start("--demo")
    assert "broker" not in site.output()
    site.make_user("visitor", "user")
    visitor = Visitor(site)
    visitor.login("visitor")
    page = visitor.post("/", {"photos": SimpleUploadedFile("photo.jpg", PHOTO.read_bytes())})
    wait_for(lambda: "Mei Tanaka" in visitor.get(page.url).text, timeout=60)
    wait_for(lambda: 'facesite_faces_total{decision="match"} 1.0' in visitor.get("/metrics").text)
    assert "facesite_gallery_people 12.0" in visitor.get("/metrics").text
    assert all(json.loads(line) for line in site.output().splitlines())
    site.close()
    assert not (site.data_dir / "db.sqlite3").exists()


@pytest.mark.slow
def test_what_depends_on_the_gallery_works_on_pgvector(pgvector: str) -> None:
    """But for what says how a gallery in memory follows changes."""
    names = ("on_pgvector", "test_consent", "test_gallery", "test_merging")
    passes_on(
        pgvector,
        *(f"tests/recognition/{name}.py" for name in names),
        *("-k", "not (costs_one_query or alone_is_read)"),
        GALLERY_BACKEND="pgvector",
    )


@pytest.mark.long
def test_the_answers_about_lfw_are_those_of_exact_search(pgvector: str, shared_data: Path) -> None:
    file = "tests/recognition/lfw_on_pgvector.py"
    passes_on(pgvector, file, GALLERY_BACKEND="pgvector", FACESITE_SHARED_DATA=str(shared_data))


def passes_on(database: str, *arguments: str, **environment: str) -> None:
    """The same tests once more."""
    command = ("-m", "pytest", "--ds=tests.settings", "--numprocesses", "2", "--dist", "loadfile")
    suite = python(*command, *arguments, DATABASE_URL=database, **environment)
    assert suite.returncode == 0, suite.stdout
