"""Files that are whole or not there, JSON of any origin, and locks that go with their process."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from ml.errors import DISK_FULL, FORBIDDEN, Unwritable
from ml.language import number, tell

NEW: Final = ".new"
"""The end of the name of a file that is to take the place of another."""
RESERVE: Final = 500 * 10**6
"""Bytes that stay free on the disk, whatever is trained or imported: the site's own, for photos,
database and broker."""


def locked(descriptor: int) -> bool:
    """Lock an open file or folder for this process, unless another has it; never waits.

    The system takes the lock from a process that dies, however it dies.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Whether this process, and no other, has the folder for as long as the block takes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield locked(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone_in(folder: Path, *, together: bool = False) -> Iterator[None]:
    """Wait until no other process has the folder, and have it for as long as the block takes;
    those who ask for it `together` have it at once. Makes no file, which a full disk would not
    take, and the folder only where there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if together else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, for nobody else to read, which takes the place of `path` once the block has
    succeeded and is gone if it fails."""
    beside = path.with_name(f".{path.name}{NEW}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def link(path: Path, target: Path) -> None:
    """A new name of a file, which takes no room; a copy where the disk, or another, knows no links.

    Raises:
        FileNotFoundError, FileExistsError: there is no such file, or already one of that name.
    """
    try:
        target.hardlink_to(path)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        shutil.copyfile(path, target)


def write_whole(path: Path, text: str) -> None:
    """Write a text file, UTF-8, in one step: whoever reads it finds the old text or the new one.

    Raises:
        OSError: the folder cannot be written to.
    """
    beside = path.with_name(f".{path.name}{NEW}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


@contextmanager
def writing(folder: Path, then: str) -> Iterator[None]:
    """For the time in which `folder` is written to; `then` is what to do once there is room again.

    Raises:
        Unwritable: in the place of an `OSError` that says so.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            message = tell(
                "There is no room in %(folder)s (%(reason)s); make room and %(then)s.",
                folder=folder,
                reason=error.strerror,
                then=then,
            )
            raise Unwritable("disk_full", message) from error
        if error.errno in FORBIDDEN:
            message = tell(
                "%(folder)s cannot be written to (%(reason)s); check who owns it.",
                folder=folder,
                reason=error.strerror,
            )
            raise Unwritable("unwritable", message) from error
        raise


def free(folder: Path) -> int:
    """Bytes that are free where `folder` is, or would be, beyond the reserve; below 0 within it."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free - RESERVE


def require_room(folder: Path, needed: int) -> None:
    """Raise `OSError`, as a full disk would, before writing `needed` bytes takes of the reserve."""
    if free(folder) < needed:
        told = tell(
            "%(needed)s GB are needed, beside %(reserve)s GB that stay free for the site",
            needed=number(needed / 1e9, 1),
            reserve=number(RESERVE / 1e9, 1),
        )
        raise OSError(errno.ENOSPC, told)


def read_json(path: Path) -> Any:
    """The contents of a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, no UTF-8, or nested deeper than anything that facesite writes.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
