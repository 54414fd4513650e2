"""Files that a killed process left behind go; those that a row names, or may name yet, stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from recognition.models import Identification, User
from recognition.services.photos import orphans


def stored(name: str, *, old: bool = True) -> Path:
    path = Path(default_storage.path(default_storage.save(name, ContentFile(b"a face"))))
    if old:
        long_ago = path.stat().st_mtime - 2 * orphans.OLD.total_seconds()
        os.utime(path, (long_ago, long_ago))
    return path


@pytest.mark.parametrize("folder", ["originals", "photos", "crops", "portraits"])
def test_an_old_file_that_no_row_names_goes(db: None, folder: str) -> None:
    left, young = stored(f"{folder}/left"), stored(f"{folder}/young", old=False)
    assert orphans.remove() == 1
    assert (left.exists(), young.exists()) == (False, True)


def test_files_that_rows_name_stay(user: User) -> None:
    kept = [stored("originals/kept"), stored("photos/kept")]
    Identification.objects.create(user=user, original="originals/kept", photo="photos/kept")
    assert orphans.remove() == 0
    assert all(path.exists() for path in kept)
