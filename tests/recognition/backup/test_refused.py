"""What is not backed up, and above all not restored, and why."""

from __future__ import annotations

import errno
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from recognition.models import Identification, User
from recognition.services.backup import archive, staging
from tests.recognition.backup.archives import backup, content, rewrite

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_file_that_is_there_is_not_written_over(file: Path) -> None:
    backup(file)
    before = file.read_bytes()
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(file))
    assert file.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("backup", str(file))


def test_one_process_at_a_time_writes_a_file(file: Path) -> None:
    file.parent.mkdir()
    with staging.stage(file), pytest.raises(CommandError, match="Another process"):
        call_command("backup", str(file))


def test_a_disk_without_room_is_named_and_the_part_goes_on_later(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.mkdir()

    def full(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(archive, "_add", full)
        with pytest.raises(CommandError, match="make room and run the command again"):
            call_command("backup", str(file))
    call_command("backup", str(file))


def test_a_place_with_rows_is_not_touched(file: Path, settings: Settings, tmp_path: Path) -> None:
    backup(file)
    settings.MEDIA_ROOT = settings.MODELS_DIR = tmp_path / "empty"
    with pytest.raises(CommandError, match="in use already"):
        call_command("restore", str(file))
    assert not (tmp_path / "empty").exists()


def test_a_place_with_files_is_not_touched(
    file: Path, settings: Settings, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    elsewhere()
    Path(settings.MEDIA_ROOT, "photos").mkdir(parents=True)
    Path(settings.MEDIA_ROOT, "photos", "mine.jpg").touch()
    with pytest.raises(CommandError, match="There are files in"):
        call_command("restore", str(file))
    assert not User.objects.exists()


def test_what_is_damaged_is_named_and_nothing_changed(
    file: Path, answered: Identification, settings: Settings, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    name = f"media/{answered.photo.name}"
    with tarfile.open(file) as tar:
        at = tar.getmember(name).offset_data
    with file.open("r+b") as data:
        data.seek(at)
        data.write(b"damaged")
    elsewhere()
    with pytest.raises(CommandError, match=f"{name} is not as it was written"):
        call_command("restore", str(file))
    assert not User.objects.exists()
    assert not Path(settings.MEDIA_ROOT).exists()


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_what_was_cut_short_is_refused(
    file: Path, kept: float, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    os.truncate(file, int(file.stat().st_size * kept) // 512 * 512 - 10_752)
    elsewhere()
    with pytest.raises(CommandError, match="ends too early"):
        call_command("restore", str(file))


def test_what_is_no_archive_is_refused(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"something else" * 1000)
    with pytest.raises(CommandError, match="not a backup of facesite"):
        call_command("restore", str(file))
    with pytest.raises(CommandError, match=r"missing.tar cannot be used: No such file"):
        call_command("restore", str(file.with_name("missing.tar")))


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/outside",
        "media/../../outside",
        "media/./photos/x",
        "media//etc/passwd",
        "media\\..\\outside",
        "models/../../outside",
        "secret_key",
        "rows/../../outside.jsonl",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    file: Path, name: str, tmp_path: Path, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    elsewhere()
    before = {*tmp_path.rglob("*")}
    rewrite(file, {name: b"harm"})
    with pytest.raises(CommandError, match="has no place in a backup"):
        call_command("restore", str(file))
    assert {*tmp_path.rglob("*")} == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_links_and_folders_are_refused(
    file: Path, kind: bytes, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    elsewhere()
    rewrite(file, {"media/photos": b""}, kind)
    with pytest.raises(CommandError, match="has no place in a backup"):
        call_command("restore", str(file))


def test_a_row_that_refers_to_none_is_refused_and_nothing_stored(
    file: Path, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    elsewhere()
    rewrite(file, {"rows/recognition.person.jsonl": b""})
    with pytest.raises(CommandError, match="does not take"):
        call_command("restore", str(file))
    assert not User.objects.exists()


def test_a_newer_backup_is_refused(file: Path, elsewhere: Callable[[], None]) -> None:
    backup(file)
    elsewhere()
    about = json.loads(content(file)["about.json"])
    about["migrations"].append(["recognition", "9999_of_the_future"])
    rewrite(file, {"about.json": json.dumps(about).encode()})
    with pytest.raises(CommandError, match=r"newer facesite.*9999_of_the_future"):
        call_command("restore", str(file))


def test_an_older_backup_does_not_take_tables_back(
    file: Path, elsewhere: Callable[[], None]
) -> None:
    backup(file)
    elsewhere()
    about = json.loads(content(file)["about.json"])
    about["migrations"].remove(max(one for one in about["migrations"] if one[0] == "recognition"))
    rewrite(file, {"about.json": json.dumps(about).encode()})
    with pytest.raises(CommandError, match="older than the tables"):
        call_command("restore", str(file))


def test_one_of_an_unknown_form_is_refused(file: Path, elsewhere: Callable[[], None]) -> None:
    backup(file)
    elsewhere()
    rewrite(file, {"about.json": b'{"format": 7}'})
    with pytest.raises(CommandError, match="does not know"):
        call_command("restore", str(file))
