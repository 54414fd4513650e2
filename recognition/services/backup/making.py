"""A backup of the whole site, made while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from ml.files import require_room, writing
from ml.language import tell
from ml.threads import Progress
from recognition.services.audit import record
from recognition.services.backup import archive, schema, staging
from recognition.services.backup.about import ABOUT, About
from recognition.services.backup.refusals import BackupRefused


@dataclass(frozen=True)
class Made:
    """What an archive has. `missing` are files that rows name and that were not there."""

    file: Path
    size: int
    rows: int
    files: int
    missing: list[str]


def backup(file: Path, progress: Progress) -> Made:
    """Write `file`, or go on where somebody was kept from finishing it.

    Raises:
        BackupRefused: there is such a file, or no such folder, or another process writes it, or
            there is no site here.
        Unwritable: there is no room, or the folder cannot be written to. What is written stays.
    """
    if file.exists():
        raise BackupRefused("file_exists", file=file)
    if not file.parent.is_dir():
        raise BackupRefused("no_folder", folder=file.parent)
    if not schema.applied():
        raise BackupRefused("no_site", folder=settings.DATA_DIR)
    with _writing(Path(settings.DATA_DIR)), staging.stage(file) as place, _writing(file.parent):
        made = _write(place, file, progress)
    record(None, "site.backed_up", None, rows=made.rows, files=made.files)
    return made


def _write(place: Path, file: Path, progress: Progress) -> Made:
    content, part = place / staging.CONTENT, file.with_name(f"{file.name}.part")
    names = archive.names(content)
    total = sum((content / name).stat().st_size for name in names)
    _require_room(file.parent, total - (part.stat().st_size if part.is_file() else 0))
    archive.write(content, part, place / "sums", archive.counted(total, progress))
    part.rename(file)
    about = About.of((content / ABOUT).read_text())
    files = len(names) - len(about.rows) - 1
    return Made(file, file.stat().st_size, sum(about.rows.values()), files, about.missing)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    with writing(folder, tell("run the command again, which goes on where it stopped")):
        yield


def _require_room(folder: Path, needed: int) -> None:
    """On the disk of the site some is for the site."""
    if folder.stat().st_dev == Path(settings.DATA_DIR).stat().st_dev:
        require_room(folder, needed)
