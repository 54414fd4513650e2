"""What goes into a backup, set aside in one moment: it cannot change while the archive is written.

Files of this disk are linked and not copied, which takes no room. The folder stays until the
archive is whole, so that whoever was interrupted goes on with the same.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from facesite import env
from facesite.storage import kept
from ml.files import held, link, write_whole
from recognition.services.backup import numbers, rows, schema
from recognition.services.backup.about import ABOUT, MEDIA, MODELS, About, rows_of
from recognition.services.backup.refusals import BackupRefused
from recognition.services.photos import files
from recognition.services.versions import sharing

CONTENT: Final = "content"
"""The folder of what goes into the archive, in the folder of the backup."""
ABANDONED_AFTER: Final = dt.timedelta(days=1)
MODEL_VERSIONS: Final = "recognition.modelversion"

Copy = Callable[[Path], None]
"""Makes a new file what another is. Raises `FileNotFoundError`."""


@contextmanager
def stage(archive: Path) -> Iterator[Path]:
    """The folder of what goes into this archive, made anew or as somebody left it who was
    interrupted. It goes if the block succeeds. Raises `BackupRefused` if somebody else has it."""
    place = _folder() / sha256(str(archive.absolute()).encode()).hexdigest()[:16]
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(place) as ours:
        if not ours:
            raise BackupRefused("in_progress", file=archive)
        os.utime(place)
        if not (place / CONTENT / ABOUT).is_file():
            _empty(place)
            _set_aside(place / CONTENT)
        yield place
        shutil.rmtree(place)


def abandoned() -> list[Path]:
    """Folders with which nobody has gone on for a day."""
    before = (timezone.now() - ABANDONED_AFTER).timestamp()
    return [place for place in _folder().glob("*") if place.stat().st_mtime < before]


def remove_abandoned() -> int:
    gone = 0
    for place in abandoned():
        with held(place) as nobodys:
            if nobodys:
                shutil.rmtree(place)
                gone += 1
    return gone


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "backup"


def _empty(place: Path) -> None:
    for left in place.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _set_aside(place: Path) -> None:
    """Database first, files second, while nobody may delete any; `ABOUT` says that it is whole."""
    place.mkdir(mode=0o700)
    migrations = schema.applied()
    models = schema.models_at(migrations)
    with rows.snapshot():
        with files.kept_meanwhile():
            missing = [name for name, copy in _named(models) if not _put(copy, place / name)]
        about = _about(migrations, models, missing)
        for label, model in models.items():
            about.rows[label] = _write(place / rows_of(label), rows.lines(model))
    write_whole(place / ABOUT, about.as_text())


def _about(
    migrations: list[schema.Migration], models: Mapping[str, type[Model]], missing: list[str]
) -> About:
    return About(
        made_at=timezone.now().isoformat(timespec="seconds"),
        database=connection.vendor,
        migrations=migrations,
        numbers=numbers.last(models),
        settings=dict(sorted(env.given.items())),
        by_hand=sorted(env.secrets_given),
        missing=missing,
    )


def _named(models: Mapping[str, type[Model]]) -> Iterator[tuple[str, Copy]]:
    """Every file that a row names: what it is called in the archive, and how it gets there."""
    for model in models.values():
        for field in files.fields_of(model):
            names = model._base_manager.exclude(**{field.name: ""}).values_list(field.name)
            for (name,) in names.iterator():
                yield f"{MEDIA}/{name}", partial(kept().copy, name)
    for version in models[MODEL_VERSIONS]._base_manager.all():
        yield from _of_version(version)


def _of_version(version: Any) -> Iterator[tuple[str, Copy]]:
    """Also of one that was made on another machine."""
    name, folder = version.name, Path(settings.MODELS_DIR) / version.name
    if not folder.is_dir() and not sharing.fetch(version):
        yield f"{MODELS}/{name}", partial(link, folder)
    for path in folder.rglob("*"):
        if path.is_file():
            yield f"{MODELS}/{name}/{path.relative_to(folder).as_posix()}", partial(link, path)


def _put(copy: Copy, target: Path) -> bool:
    """False if there is no such file."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        copy(target)
    except FileExistsError:  # two rows name one file
        return True
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, lines: Iterator[str]) -> int:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        written = 0
        for line in lines:
            file.write(line)
            written += 1
    return written
