"""Visitors who upload photos all the time, and what became of every photo that was accepted."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from threading import Event, Lock, Thread
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.sites import ROOT, Page, Site, Visitor

USERS = ("one", "two", "three")
PAUSE = (0.3, 1.5)
OUTSTANDING = 4  # uploads of one person whose photos are not all answered: more wait their turn
AT_ONCE = (1, 1, 1, 2, 4)
FINAL = {"done", "failed", "rejected"}
PHOTOS = tuple(sorted((ROOT / "demo" / "photos").rglob("*.jpg"))[::3])


@dataclass(frozen=True)
class Accepted:
    """An upload that the site answered with success."""

    batch: str
    names: tuple[str, ...]
    at: float


class Load:
    """Uploads from several people at once, until it is stopped."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.accepted: list[Accepted] = []
        self.refused: Counter[str] = Counter()
        self._over, self._lock = Event(), Lock()
        self._threads = [
            Thread(target=self._upload_again_and_again, args=(name, seed + number), daemon=True)
            for number, name in enumerate(USERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _upload_again_and_again(self, name: str, seed: int) -> None:
        chosen, visitor = random.Random(seed), logged_in(self.site, name)  # noqa: S311
        waiting: list[Accepted] = []
        while not self._over.wait(chosen.uniform(*PAUSE)):
            waiting = [upload for upload in waiting if not is_final(self.site, upload)]
            if len(waiting) < OUTSTANDING:
                photos = chosen.choices(PHOTOS, k=chosen.choice(AT_ONCE))
                if upload := self.upload(visitor, photos):
                    waiting.append(upload)

    def upload(self, visitor: Visitor, photos: list[Path]) -> Accepted | None:
        """None if the site refused it, or did not answer: then nothing was promised."""
        try:
            page = send(visitor, photos)
        except (OSError, HTTPException) as error:
            self._note(type(error).__name__)
            return None
        if page.status != 200 or "/uploads/" not in page.url:
            self._note(str(page.status))
            return None
        batch = UUID(page.url.rstrip("/").rpartition("/")[2]).hex
        accepted = Accepted(batch, tuple(photo.name for photo in photos), time.monotonic())
        with self._lock:
            self.accepted.append(accepted)
        return accepted

    def _note(self, refused: str) -> None:
        with self._lock:
            self.refused[refused] += 1


def send(visitor: Visitor, photos: list[Path]) -> Page:
    files = [
        SimpleUploadedFile(f"{number}-{photo.parent.name}-{photo.name}", photo.read_bytes())
        for number, photo in enumerate(photos)
    ]
    return visitor.post("/", {"photos": files})


def logged_in(site: Site, name: str) -> Visitor:
    while True:
        with suppress(OSError, HTTPException, AssertionError):
            visitor = Visitor(site)
            visitor.login(name)
            return visitor
        time.sleep(0.5)


@dataclass(frozen=True)
class Row:
    """A photo of an upload, as the database has it."""

    status: str
    file: str
    faces: int


def rows(site: Site, batch: str) -> list[Row]:
    faces = "SELECT count(*) FROM recognition_probeface WHERE identification_id = photo.id"
    path = site.data_dir / "db.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
        found = database.execute(
            f"SELECT status, filename, ({faces}) "  # noqa: S608
            "FROM recognition_identification AS photo WHERE batch = ?",
            [batch],
        )
        return [Row(*row) for row in found]


def is_final(site: Site, upload: Accepted) -> bool:
    found = rows(site, upload.batch)
    return len(found) == len(upload.names) and {row.status for row in found} <= FINAL


@dataclass
class Outcome:
    """What became of some uploads; all but the first number should be nought."""

    photos: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    failed: int = 0

    def add(self, upload: Accepted, found: list[Row], faces: dict[str, int]) -> None:
        self.photos += len(upload.names)
        self.lost += max(0, len(upload.names) - len(found))
        self.doubled += max(0, len(found) - len(upload.names))
        for row in found:
            self.stuck += row.status in {"queued", "running"}
            self.failed += row.status in {"failed", "rejected"}
            if row.status == "done":
                right = faces[row.file.partition("-")[2]]
                self.doubled += row.faces > right
                self.lost += row.faces < right
