"""Somebody fills the queue, and somebody else asks about one photo: a real site."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.sites import ROOT, Site, Visitor, wait_for

PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg"


def upload(site: Site, name: str, times: int = 1, photos: int = 1) -> None:
    visitor = Visitor(site)
    visitor.login(name)
    for _ in range(times):
        files = [SimpleUploadedFile(f"{n}.jpg", PHOTO.read_bytes()) for n in range(photos)]
        assert visitor.post("/", {"photos": files}).status == 200


def statuses(site: Site, name: str) -> list[str]:
    path = site.data_dir / "db.sqlite3"
    with closing(sqlite3.connect(path, timeout=20)) as database:
        rows = database.execute(
            "SELECT status FROM recognition_identification JOIN recognition_user AS user "
            "ON user.id = user_id WHERE user.username = ?",
            [name],
        )
        return [status for (status,) in rows]


@pytest.mark.slow
def test_one_photo_does_not_wait_for_a_hundred_of_somebody_else(
    make_site: Callable[..., Site],
) -> None:
    site = make_site().start()
    for name in ("many", "one"):
        site.make_user(name, "user")
    upload(site, "one")  # the worker loads its networks
    wait_for(lambda: statuses(site, "one") == ["done"], 120)
    upload(site, "many", times=5, photos=20)
    upload(site, "one")
    wait_for(lambda: statuses(site, "one") == ["done", "done"], 120)
    assert "queued" in statuses(site, "many")
    wait_for(lambda: set(statuses(site, "many")) == {"done"}, 300)
    site.close()
