"""A person is erased while the site works and a photo of them is looked at: nobody names them from
then on, and the bytes of nothing that the site has stored have anything of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps

from tests.faults.test_worker_killed import end_of_pipe
from tests.sites import ROOT, Site, Visitor, wait_for

pytestmark = pytest.mark.slow

PHOTO = ROOT / "demo" / "photos" / "strangers" / "3.jpg"
SAID = ("Пелагея_Незабвенная", "inventory-4711", "carnation.jpg", "hyacinth.jpg")
NAME, EXTERNAL_ID, ENROLLED, CONFIRMED = SAID
NAMED = NAME.replace("_", " ")
CONFIRM = f"""
from recognition.models import ProbeFace, User
from recognition.services.review.verdicts import review
face = ProbeFace.objects.get(identification__filename={CONFIRMED!r})
review(face, User.objects.get(username="boss"), "right")
"""
NUMBER = f"""
from recognition.models import Person
print(Person.objects.get(external_id={EXTERNAL_ID!r}).pk)
"""
EMBEDDINGS = """
from django.db import connection
from recognition.models import ProbeFace, Template
if connection.vendor == "postgresql":  # its log may break off in the midst of what is looked for
    connection.cursor().execute("CHECKPOINT")
rows = [*Template.objects.filter(face__person__external_id="inventory-4711"),
        *ProbeFace.objects.filter(true_person__external_id="inventory-4711")]
print(" ".join(bytes(row.embedding).hex() for row in rows))
"""


class Erasure:
    """One person enrolled and confirmed on a real site, and everything to look for afterwards."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        (folder / NAME).mkdir(parents=True)
        (folder / NAME / ENROLLED).write_bytes(PHOTO.read_bytes())
        (folder / "people.csv").write_text(f"name,external_id\n{NAME},{EXTERNAL_ID}\n")
        site.manage("enrol", str(folder))
        for name, *roles in (("asker", "user"), ("boss", "user", "operator", "reviewer")):
            site.make_user(name, *roles)
        self.asker, self.boss = Visitor(site), Visitor(site)
        self.asker.login("asker")
        self.boss.login("boss")
        assert NAMED in self.answer(self.ask(CONFIRMED))
        self.python(CONFIRM)

    def python(self, code: str) -> str:
        return self.site.manage("shell", "-v0", "-c", code)

    def ask(self, name: str) -> str:
        """Upload the photo under a name; returns the address of its answer."""
        upload = {"photos": SimpleUploadedFile(name, PHOTO.read_bytes())}
        return self.asker.post("/", upload).url

    def answer(self, address: str) -> str:
        def page() -> str:
            text = self.asker.get(address).text
            return "" if "hx-get" in text else text

        return str(wait_for(page, timeout=180))

    def needles(self) -> set[bytes]:
        digest = hashlib.sha256(PHOTO.read_bytes()).hexdigest()
        embeddings = self.python(EMBEDDINGS).split()
        assert len(embeddings) == 2
        texts = {text.encode() for text in (*SAID, NAMED, digest)}
        return texts | {bytes.fromhex(embedding) for embedding in embeddings}

    @contextmanager
    def in_midst_of_a_photo(self) -> Iterator[str]:
        """While this block runs the worker reads another photo of theirs: in its place there was a
        pipe when the worker came to it, and what is written to it is the photo."""
        worker, originals = psutil.Process(self.site.pid_of("worker")), self.originals()
        worker.suspend()
        address = self.ask("of_nobody_known.jpg")
        (original,) = self.originals() - originals
        original.unlink()
        os.mkfifo(original)
        worker.resume()
        pipe = wait_for(lambda: end_of_pipe(original), timeout=180)
        yield address
        os.set_blocking(pipe, True)
        with os.fdopen(pipe, "wb") as rest:
            rest.write(mirrored())

    def originals(self) -> set[Path]:
        return set((self.site.data_dir / "media" / "originals").glob("*"))

    def erase(self) -> str:
        """On the page, as an operator; returns the address of the report."""
        number = self.python(NUMBER).strip()
        page = self.boss.post(f"/people/{number}/remove/", {})
        return page.text.partition('href="/people/erased/')[2].partition("/")[0]


def mirrored() -> bytes:
    """Another photo of theirs: as alike, and in no byte the same."""
    data = BytesIO()
    ImageOps.mirror(Image.open(PHOTO)).save(data, "JPEG")
    return data.getvalue()


def places(folders: list[Path], needles: set[bytes]) -> dict[Path, list[bytes]]:
    """Files that have something of it, and what."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        with suppress(OSError):  # gone meanwhile, or a socket
            data = path.read_bytes() if path.is_file() else b""
            there = [needle for needle in needles if needle in data or needle in bytes(path)]
            found.update({path: there} if there else {})
    return found


def test_on_sqlite(make_site: Callable[..., Site], tmp_path: Path) -> None:
    nothing_is_left(Erasure(make_site().start("--demo"), tmp_path / "people"), [])


def test_on_postgresql(
    make_site: Callable[..., Site], tmp_path: Path, postgresql: str, postgresql_folder: Path
) -> None:
    site = make_site(prepared=False, DATABASE_URL=postgresql).start("--demo")
    nothing_is_left(Erasure(site, tmp_path / "people"), [postgresql_folder])


def nothing_is_left(erasure: Erasure, folders: list[Path]) -> None:
    folders = [erasure.site.data_dir, *folders]
    needles = erasure.needles()
    there = places(folders, needles).values()
    assert {needle for found in there for needle in found} >= needles - {NAMED.encode()}
    with erasure.in_midst_of_a_photo() as late:
        number = erasure.erase()
        assert number.isdigit()
    assert NAMED not in erasure.answer(late)
    wait_for(lambda: not places(folders, needles), timeout=120)
    report = erasure.site.data_dir / "report.json"
    report.write_bytes(erasure.boss.get(f"/people/erased/{number}/").body)
    told = erasure.site.manage("verify_erasure", str(report), "--search", NAME)
    assert "Nothing of the person is there." in told
    erasure.site.close()
    assert places(folders, needles) == {}
