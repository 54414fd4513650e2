"""A site from its backup, in an empty place and in either database.

Files come first and rows last, in one transaction: a site whose rows are there is whole. Whoever
is interrupted begins again with the same archive; until then the site does not start.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from facesite.storage import kept
from ml.files import replacing, write_whole, writing
from ml.language import tell
from ml.threads import Progress
from recognition.models import Identification, ModelVersion, Person, User
from recognition.services.audit import record
from recognition.services.backup import numbers, rows, schema
from recognition.services.backup.about import MEDIA, MODELS, About, rows_of
from recognition.services.backup.archive import Advance, counted
from recognition.services.backup.reading import Archive, opened
from recognition.services.backup.refusals import BackupRefused
from recognition.services.gallery import snapshots

_KNOWN_BY: Final = (User, Person, Identification, ModelVersion)
"""A database without any of these is nobody's yet."""


def restore(file: Path, progress: Progress) -> About:
    """Bring back a site from `file`; returns what that says of itself.

    Raises:
        BackupRefused: there is no sound backup in it, or it cannot be restored here.
        Unwritable: there is no room, or the folder cannot be written to.
        OSError: it cannot be read.
    """
    advance = counted(2 * file.stat().st_size, progress)  # looked at, and then put in place
    with opened(file, advance) as archive:
        _require_known(archive.about)
        _require_empty(archive)
        with writing(Path(settings.DATA_DIR), tell("run the command again")):
            write_whole(_mark(), archive.digest)
            snapshots.drop()  # of a site that was here
            _put_files(archive, advance)
            _store(archive)
    return archive.about


def unfinished() -> bool:
    """Whether a restoration has been begun here and not ended."""
    return _mark().exists()


def _mark() -> Path:
    return Path(settings.DATA_DIR) / "restoring"


def _require_known(about: About) -> None:
    if unknown := schema.unknown(about.migrations):
        app, name = min(unknown)
        raise BackupRefused("newer", migration=f"{app}.{name}")


def _require_empty(archive: Archive) -> None:
    """Or as this same archive left it when it was restored half."""
    if unfinished() and _mark().read_text() == archive.digest:
        return
    for place in map(Path, (settings.MEDIA_ROOT, settings.MODELS_DIR)):
        if any(path.is_file() for path in place.rglob("*")):
            raise BackupRefused("files_there", folder=place)
    if kept().elsewhere():
        raise BackupRefused("files_there", folder=kept().place)
    if _is_somebodys():
        raise BackupRefused("rows_there")
    if set(schema.applied()) - set(archive.about.migrations):
        raise BackupRefused("tables_there")


def _is_somebodys() -> bool:
    there = set(connection.introspection.table_names())
    models = [model for model in _KNOWN_BY if model._meta.db_table in there]
    return any(model._base_manager.exists() for model in models)


def _put_files(archive: Archive, advance: Advance) -> None:
    for folder, put in ((MEDIA, kept().put), (MODELS, _put_model)):
        for name in archive.below(folder):
            with archive.open(name) as source:
                put(name.removeprefix(f"{folder}/"), source)
                advance(source.tell())


def _put_model(name: str, source: IO[bytes]) -> None:
    target = Path(settings.MODELS_DIR) / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(target) as file:
        shutil.copyfileobj(source, file)


def _store(archive: Archive) -> None:
    """Rows into the tables of their time, which are then brought up to date."""
    if not _is_somebodys():  # or it was interrupted later
        schema.bring_to(archive.about.migrations)
        models = schema.models_at(archive.about.migrations)
        with transaction.atomic():
            _store_rows(archive, models)
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic():
        record(None, "site.restored", None, made_at=archive.about.made_at)
        _mark().unlink()


def _store_rows(archive: Archive, models: Mapping[str, type[Model]]) -> None:
    rows.empty(models.values())
    for label in archive.about.rows:
        _store_table(archive, label, models[label])
    numbers.go_on(models, archive.about.numbers)
    try:
        rows.check_references()
    except DatabaseError as error:
        raise BackupRefused("rows_refused", name=tell("its rows"), reason=str(error)) from error


def _store_table(archive: Archive, label: str, model: type[Model]) -> None:
    try:
        rows.store(model, archive.open(rows_of(label)))
    except (ValueError, TypeError, KeyError, ValidationError, DatabaseError) as error:
        raise BackupRefused("rows_refused", name=rows_of(label), reason=str(error)) from error
