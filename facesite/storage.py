"""Stored files: whole or not at all, for nobody else from their first byte on, and sealed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from facesite.sealing import MARK, is_sealed, seal, unseal


class PrivateStorage(FileSystemStorage):
    """Django's own would leave the part of a file that a full disk has cut short, and close it to
    others only once it is whole."""

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
