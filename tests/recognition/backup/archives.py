"""Making and restoring backups in tests, and archives as somebody would write who means harm."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from recognition.services.backup import archive, making, restoring, rows, schema

OWN_LINES = ("site.backed_up", "site.restored")


def backup(file: Path) -> making.Made:
    file.parent.mkdir(exist_ok=True)
    return making.backup(file, lambda _done, _total: None)


def restore(file: Path) -> None:
    restoring.restore(file, lambda _done, _total: None)


def empty_place(settings: Settings, tmp_path: Path) -> None:
    """Another site, of nobody yet."""
    migration = import_module("recognition.migrations.0014_audit_chain")
    with connection.schema_editor() as editor:
        migration.drop_triggers(None, editor)
    call_command("flush", interactive=False, verbosity=0)
    with connection.schema_editor() as editor:
        migration.make_triggers(None, editor)
    settings.MEDIA_ROOT, settings.MODELS_DIR = tmp_path / "other", tmp_path / "other_models"


def everything(settings: Settings) -> dict[str, Any]:
    """Every row of every table that a backup has, and every file."""
    models = schema.models_at(schema.applied()).items()
    found: dict[str, Any] = {
        label: [*map(json.loads, rows.lines(model))] for label, model in models
    }
    found["recognition.auditevent"] = [
        event for event in found["recognition.auditevent"] if event["action"] not in OWN_LINES
    ]
    del found["recognition.audithead"]
    for root in map(Path, (settings.MEDIA_ROOT, settings.MODELS_DIR)):
        for path in root.rglob("*"):
            if path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
    return found


def content(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]


def rewrite(file: Path, changes: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> None:
    """As somebody would write it who means harm: with other files, and sums that agree."""
    files = content(file) | changes
    sums = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in files.items()
        if not name.startswith(archive.SUMS)
    }
    files = {name: files[name] for name in sums}
    files[archive.SUMS] = archive.in_lines(sums).encode()
    files[archive.SUMS_SUM] = archive.in_lines({archive.SUMS: archive.digest(sums)}).encode()
    with tarfile.open(file, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.type = len(data), kind if name in changes else tarfile.REGTYPE
            tar.addfile(member, io.BytesIO(data))
