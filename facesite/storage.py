"""Stored files: whole or not at all, for nobody else from their first byte on, and sealed.

What the site asks of the place where they are beside what Django does is said in `Kept`. There are
two: the disk, here, and a bucket, for sites of several machines (`facesite/bucket.py`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol, cast

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from facesite.sealing import MARK, is_sealed, seal, unseal
from ml.files import NEW, link, replacing


class StorageAway(OSError):
    """What keeps the files does not answer. It says nothing of any of them."""


class Kept(Protocol):
    """Files as they are stored, sealed or not, by the names that rows have. A file that is not
    there is a `FileNotFoundError`."""

    shared: ClassVar[bool]
    """Whether other machines have the same files."""

    @property
    def place(self) -> str:
        """Where they are, for people."""

    def names(self, folder: str) -> list[str]:
        """What is in a folder; nothing if there is none."""

    def has(self, folder: str) -> bool:
        """Whether there is the folder of a file that is not there, which is lost then."""

    def elsewhere(self) -> list[str]:
        """All files that are not on the disk of this machine."""

    def raw(self, name: str) -> bytes: ...

    def put(self, name: str, source: IO[bytes]) -> None:
        """Whole, or not at all, also in the place of a file of that name."""

    def copy(self, name: str, target: Path) -> None:
        """To a new file of this machine."""

    def is_readable(self) -> bool:
        """Whether files lie at `MEDIA_ROOT` as they are, for what reads photos from there."""


def kept() -> Kept:
    return cast("Kept", default_storage)


class PrivateStorage(FileSystemStorage):
    """Django's own would leave the part of a file that a full disk has cut short, and close it to
    others only once it is whole."""

    shared: ClassVar[bool] = False

    @property
    def place(self) -> str:
        return str(settings.MEDIA_ROOT)

    def _save(self, name: str, content: File[bytes]) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if settings.ENCRYPT:
                    file.write(seal(content.read(), name.encode()))
                else:
                    file.writelines(content.chunks())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return name

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """What is not sealed is read as it comes."""
        file: Any = super()._open(name, mode)  # type: ignore[misc]  # Django's own
        if not is_sealed(file.file.peek(len(MARK))):
            return cast("File[bytes]", file)
        with file:
            return ContentFile(unseal(file.read(), name.encode()), name)

    def names(self, folder: str) -> list[str]:
        """Without what is about to take the place of a file."""
        if not self.exists(folder):
            return []
        return [f"{folder}/{name}" for name in self.listdir(folder)[1] if not name.endswith(NEW)]

    def has(self, folder: str) -> bool:
        return Path(self.path(folder)).is_dir()

    def elsewhere(self) -> list[str]:
        return []

    def raw(self, name: str) -> bytes:
        return Path(self.path(name)).read_bytes()

    def put(self, name: str, source: IO[bytes]) -> None:
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())

    def copy(self, name: str, target: Path) -> None:
        link(Path(self.path(name)), target)

    def is_readable(self) -> bool:
        return not settings.ENCRYPTION_KEYS
