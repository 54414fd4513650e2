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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from recognition.services.gallery.folders import Place
from recognition.services.gallery.trees import Folder, unwrapped
from recognition.services.photos import uploads
from recognition.services.refusals import Refused

MAX_FILES: Final = 200_000
MAX_BYTES: Final = 200 * 10**9
"""Of all files together, unpacked, by what the archive says of them."""

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


@dataclass(frozen=True)
class Packed:
    """A file in an archive."""

    archive: ZipFile
    info: ZipInfo
    shown: str
    name: str

    def __str__(self) -> str:
        return self.shown

    def is_folder(self) -> bool:
        return False

    def entries(self) -> Iterator[Place]:
        return iter(())

    def read(self) -> bytes:
        try:
            return uploads.read_at_most(self.info.file_size, lambda: self.archive.open(self.info))
        except _BROKEN as error:
            raise uploads.UnreadableFile(f"{self} cannot be unpacked: {error}") from error


@contextmanager
def opened(file: Path | IO[bytes], shown: str) -> Iterator[Folder]:
    """The folder of people in an archive, also if the archive has one folder around all of them.
    What people call its files by begins with `shown`.

    Raises:
        ArchiveUnusable: see there.
    """
    try:
        archive = ZipFile(file, metadata_encoding=_encoding(file))
    except _BROKEN as error:
        raise ArchiveUnusable("archive_unreadable", trouble=str(error)) from error
    with archive:
        _check(archive)
        yield unwrapped(_tree(archive, shown))


def _check(archive: ZipFile) -> None:
    files = archive.infolist()
    if len(files) > MAX_FILES or sum(info.file_size for info in files) > MAX_BYTES:
        raise ArchiveUnusable("archive_too_large", files=MAX_FILES, bytes=MAX_BYTES)
    if any(info.flag_bits & _ENCRYPTED for info in files):
        raise ArchiveUnusable("archive_encrypted")


def _tree(archive: ZipFile, shown: str) -> Folder:
    root = Folder(shown, shown)
    for info in archive.infolist():
        root.add(info.filename, partial(Packed, archive, info))
    return root


def _encoding(file: Path | IO[bytes]) -> str:
    """How names are written that do not say so: as UTF-8, as Russian Windows does, or as the format
    has it."""
    with ZipFile(file) as archive:
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
