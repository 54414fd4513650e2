"""The archive: a tar of what was set aside, then the SHA-256 of each of its files, then that of
those. Any `tar` unpacks it, and `sha256sum -c` checks it.

    about.json            what it is: `about.About`
    media/…  models/…     files
    rows/<label>.jsonl    a table, a row a line
    SHA256SUMS            of all above, in this order
    SHA256SUMS.sha256     of that file
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from ml.threads import Progress

SUMS: Final = "SHA256SUMS"
SUMS_SUM: Final = "SHA256SUMS.sha256"
CHUNK: Final = 2**20

Advance = Callable[[int], None]
"""Told of bytes that were written or read."""
Sums = dict[str, str]
"""SHA-256 by name, in the order of the archive."""


def counted(total: int, progress: Progress) -> Advance:
    """For whoever knows of a piece at a time, and nothing of all of them."""
    done = 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        progress(min(done, total), total)

    return advance


class Summing:
    """A file that knows its SHA-256 once it was read to its end."""

    def __init__(self, file: IO[bytes], advance: Advance) -> None:
        self._file, self._advance = file, advance
        self._hash = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self._advance(len(data))
        return data

    def sha256(self) -> str:
        return self._hash.hexdigest()


def write(content: Path, part: Path, noted: Path, advance: Advance) -> None:
    """Write all files of `content`. If somebody was kept from finishing, what is whole and sound
    of the `part` stays; `noted` is where its sums are kept as they are made."""
    sums, end = _kept(part, parse(noted.read_text()) if noted.is_file() else {}, advance)
    with _opened_at(part, end) as tar, noted.open("w", encoding="utf-8") as note:
        note.write(in_lines(sums))
        for name in sorted(names(content).difference(sums)):
            sums[name] = _add(tar, name, content / name, advance)
            note.write(in_lines({name: sums[name]}))
            note.flush()
        _add_text(tar, SUMS, in_lines(sums))
        _add_text(tar, SUMS_SUM, in_lines({SUMS: digest(sums)}))


def names(content: Path) -> set[str]:
    return {path.relative_to(content).as_posix() for path in content.rglob("*") if path.is_file()}


def in_lines(sums: Sums) -> str:
    """As `sha256sum` writes them."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())


def parse(text: str) -> Sums:
    """Whole lines; of a last one that was cut short nothing is known."""
    lines = (line.partition("  ") for line in text.split("\n")[:-1])
    return {name: sha256 for sha256, _, name in lines}


def digest(sums: Sums) -> str:
    """Tells one archive from any other."""
    return hashlib.sha256(in_lines(sums).encode()).hexdigest()


def sum_of(tar: tarfile.TarFile, member: tarfile.TarInfo, advance: Advance) -> str:
    """Raises `TarError` if the archive ends before it."""
    file = tar.extractfile(member)
    summing = Summing(file or io.BytesIO(), advance)
    while summing.read():
        pass
    return summing.sha256()


def _kept(part: Path, noted: Sums, advance: Advance) -> tuple[Sums, int]:
    """What of a part is as it was written, and where that ends."""
    sums: Sums = {}
    end = 0
    with suppress(FileNotFoundError, tarfile.TarError), tarfile.open(part, "r:") as tar:
        for (name, sha256), member in zip(noted.items(), tar, strict=False):
            if member.name != name or sum_of(tar, member, advance) != sha256:
                break
            sums[name], end = sha256, tar.offset
    return sums, end


@contextmanager
def _opened_at(part: Path, end: int) -> Iterator[tarfile.TarFile]:
    """For nobody else from its first byte on, and on the disk when the block ends."""
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.truncate(end)
        file.seek(end)
        with tarfile.open(fileobj=file, mode="w") as tar:
            yield tar
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, path: Path, advance: Advance) -> str:
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        summing = Summing(file, advance)
        tar.addfile(_member(name, stat.st_size, stat.st_mtime), summing)
    return summing.sha256()


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    tar.addfile(_member(name, len(data), 0), io.BytesIO(data))


def _member(name: str, size: int, modified: float) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, int(modified), 0o600
    return member
