"""A site moves into a bucket, and back onto a disk, by its backup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from facesite.storage import kept
from recognition.services.backup.refusals import BackupRefused
from tests.recognition.backup.archives import backup, content, restore
from tests.servers import keep_in, new_bucket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_site_moves_into_a_bucket_and_back(
    file: Path, settings: Settings, elsewhere: Callable[[], None], s3: str
) -> None:
    backup(file)
    on_disk = settings.STORAGES
    elsewhere()
    keep_in(new_bucket(s3, "moved"), settings)
    restore(file)
    media = {name: data for name, data in content(file).items() if name.startswith("media/")}
    assert media == {f"media/{name}": kept().raw(name) for name in kept().elsewhere()}
    again = file.with_name("again.tar")
    assert backup(again).missing == []
    elsewhere()
    with pytest.raises(BackupRefused, match="files_there"):
        restore(again)
    settings.STORAGES = on_disk
    settings.MODELS_DIR = file.parent / "models"
    restore(again)
    assert media.items() <= content(again).items()
    assert all((Path(settings.MEDIA_ROOT) / name[6:]).read_bytes() == media[name] for name in media)
