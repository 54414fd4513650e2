"""A process that is killed leaves things as they are where it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Never

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from ml.files import held
from recognition.management import preparation
from recognition.models import Identification, User
from recognition.services import chain
from recognition.services.backup import archive, reading, restoring, staging
from recognition.services.privacy import retention
from recognition.services.privacy.deletion import delete_photos
from tests.recognition.backup.archives import backup, content, everything, restore

pytestmark = pytest.mark.django_db(transaction=True)


def interrupted(*_args: Any, **_kwargs: Any) -> Never:
    raise KeyboardInterrupt


def kill_after(count: int, file: Path) -> None:
    """Begin a backup, and let it end after so many files of the archive."""
    left, add = iter(range(count)), archive._add

    def stopping(*args: Any) -> str:
        return add(*args) if next(left, None) is not None else interrupted()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(archive, "_add", stopping)
        with pytest.raises(KeyboardInterrupt):
            backup(file)


def test_writing_goes_on_with_the_same_and_what_is_whole_stays(
    file: Path, answered: Identification, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_after(5, file)
    assert not file.exists()
    delete_photos(Identification.objects.filter(pk=answered.pk), user)
    add, added = archive._add, []

    def adding(*args: Any) -> str:
        added.append(args[1])
        return add(*args)

    monkeypatch.setattr(archive, "_add", adding)
    assert backup(file).missing == []
    whole = [*content(file)]
    assert added == whole[5:-2]
    assert f"media/{answered.photo.name}" in whole
    assert [*file.parent.iterdir()] == [file]
    assert [*staging._folder().iterdir()] == []


@pytest.mark.parametrize("at", [-1, 700])
def test_a_part_that_was_cut_short_or_damaged_is_written_again(file: Path, at: int) -> None:
    kill_after(5, file)
    part = file.with_name("site.tar.part")
    data = bytearray(part.read_bytes())
    data[at] ^= 255
    part.write_bytes(data[:-1])
    backup(file)
    with reading.opened(file, lambda _size: None) as found:
        assert found.about.missing == []


@pytest.mark.parametrize("where", ["_store", "_store_rows", "call_command", "record"])
def test_restoring_begins_again_with_the_same_and_no_site_starts_before(
    where: str,
    file: Path,
    settings: Settings,
    elsewhere: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = everything(settings)
    backup(file)
    elsewhere()
    with monkeypatch.context() as patched:
        patched.setattr(restoring, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            restore(file)
    with pytest.raises(CommandError, match="half restored"):
        preparation.prepare(print, demo=False)
    restore(file)
    assert everything(settings) == before
    assert chain.verify().whole


def test_what_nobody_went_on_with_for_a_day_is_purged(file: Path) -> None:
    kill_after(0, file)
    assert retention.purge()["backups"] == 0
    (place,) = staging._folder().iterdir()
    os.utime(place, (0, 0))
    with held(place):
        assert retention.due()["backups"] == 1
        assert retention.purge()["backups"] == 0  # somebody is at work on it
    assert retention.purge()["backups"] == 1
    assert not place.exists()
