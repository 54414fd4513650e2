"""Stored files: whole or not at all, and for nobody else from their first byte on."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class PrivateStorage(FileSystemStorage):
    """Django's own would leave the part of a file that a full disk has cut short, and close it to
    others only once it is whole."""

    def _save(self, name: str, content: File[bytes]) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return name
