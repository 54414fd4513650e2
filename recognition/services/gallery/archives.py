"""A folder of people in a ZIP archive.

Nothing of it is written to disk: photos are read one by one, none beyond what a photo may have.
"""

from __future__ import annotations

import lzma
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from ml.leftovers import is_left_behind
from recognition.services.photos import uploads
from recognition.services.refusals import Refused

MAX_FILES: Final = 200_000
MAX_BYTES: Final = 200 * 10**9
"""Of all files together, unpacked, by what the archive says of them."""

_LEVELS: Final = 4
"""A folder around all, people, their photos, and whatever lies deeper: that is not looked at, and a
name of thousands of folders costs no more than these."""

_ENCRYPTED, _UTF8 = 0x1, 0x800
_BROKEN: Final = (
    BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # also a way of packing that Python does not know
    MemoryError,
)


class ArchiveUnusable(Refused):
    """The archive is none, is encrypted, or holds too much; codes: archive_unreadable,
    archive_encrypted, archive_too_large."""


@dataclass
class Packed:
    """A file or folder in an archive."""

    archive: ZipFile
    shown: str
    name: str
    info: ZipInfo | None = None
    inside: dict[str, Packed] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.shown

    def is_folder(self) -> bool:
        return self.info is None

    def entries(self) -> Iterator[Packed]:
        return iter(self.inside.values())

    def read(self) -> bytes:
        info = self.info
        if info is None:
            raise uploads.UnreadableFile(f"{self} is a folder")
        try:
            return uploads.read_at_most(info.file_size, lambda: self.archive.open(info))
        except _BROKEN as error:
            raise uploads.UnreadableFile(f"{self} cannot be unpacked: {error}") from error

    def within(self, name: str) -> Packed:
        """The folder of this name in this one, made if it is not there."""
        found = self.inside.setdefault(name, Packed(self.archive, f"{self}/{name}", name))
        found.info = None
        return found


@contextmanager
def opened(path: Path) -> Iterator[Packed]:
    """The folder of people in an archive, also if the archive has one folder around all of them.

    Raises:
        ArchiveUnusable: see there.
    """
    try:
        archive = ZipFile(path, metadata_encoding=_encoding(path))
    except _BROKEN as error:
        raise ArchiveUnusable("archive_unreadable", trouble=str(error)) from error
    with archive:
        _check(archive)
        yield _unwrapped(_tree(archive, path))


def _check(archive: ZipFile) -> None:
    files = archive.infolist()
    if len(files) > MAX_FILES or sum(info.file_size for info in files) > MAX_BYTES:
        raise ArchiveUnusable("archive_too_large", files=MAX_FILES, bytes=MAX_BYTES)
    if any(info.flag_bits & _ENCRYPTED for info in files):
        raise ArchiveUnusable("archive_encrypted")


def _tree(archive: ZipFile, path: Path) -> Packed:
    """Folders and files by the parts of their names. A part that leads elsewhere (`..`) is a name
    like others, and hidden."""
    root = Packed(archive, str(path), path.name)
    for info in archive.infolist():
        *folders, name = info.filename.replace("\\", "/").lstrip("/").split("/", _LEVELS)
        folder = root
        for part in folders:
            folder = folder.within(part) if part not in {"", "."} else folder
        if name and name not in folder.inside:
            folder.inside[name] = Packed(archive, f"{folder}/{name}", name, info)
    return root


def _unwrapped(root: Packed) -> Packed:
    meant = [entry for entry in root.entries() if not is_left_behind(entry.name)]
    if len(meant) == 1 and any(entry.is_folder() for entry in meant[0].entries()):
        return meant[0]
    return root


def _encoding(path: Path) -> str:
    """How names are written that do not say so: as UTF-8, as Russian Windows does, or as the format
    has it."""
    with ZipFile(path) as archive:
        names = [info.orig_filename for info in archive.infolist() if not info.flag_bits & _UTF8]
    raw = "\n".join(names).encode("cp437")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "cp866" if _is_russian(raw.decode("cp866")) else "cp437"
    return "utf-8"


def _is_russian(text: str) -> bool:
    """Whether every word beyond ASCII has Cyrillic letters only. A French one mixes them."""
    words = re.findall(r"[^\W\d_]+", text)
    return all(word.isascii() or re.fullmatch("[А-яЁё]+", word) for word in words)
