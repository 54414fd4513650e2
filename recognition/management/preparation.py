"""What must be in place before the site can start. Every step changes nothing the second time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from facesite import catalogues
from recognition.models import GalleryChange
from recognition.services.backup import restoring
from recognition.services.site.accounts import FIRST_ADMINISTRATOR, create_first_administrator
from recognition.services.versions import registry

DEMO = settings.BASE_DIR / "demo" / "people"

Say = Callable[[str], None]


def prepare(say: Say, *, demo: bool) -> None:
    if restoring.unfinished():
        raise CommandError("A backup is half restored here; run restore with it once more.")
    migrate(say)
    compile_messages(say)
    collect_static(say)
    model_is_there = install_model(say)
    if demo and model_is_there:
        enrol_demo(say)
    create_administrator(say)


def migrate(say: Say) -> None:
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise CommandError(f"The database cannot be reached: {error}") from error
    steps = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if steps:
        call_command("migrate", interactive=False, verbosity=0)
    say(f"Database: {f'{steps} migrations applied' if steps else 'up to date'}.")


def compile_messages(say: Say) -> None:
    try:
        written = catalogues.compile_stale()
    except OSError as error:
        say(f"Languages: the catalogues cannot be compiled, the site is in English: {error}.")
    else:
        say(f"Languages: {f'{len(written)} catalogues compiled' if written else 'up to date'}.")


def collect_static(say: Say) -> None:
    """Collect static files when one has changed: hashing and compressing all takes seconds."""
    note, fingerprint = Path(settings.STATIC_ROOT) / ".collected", static_fingerprint()
    if settings.DEBUG or (note.exists() and note.read_text() == fingerprint):
        return say("Static files: up to date.")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    note.write_text(fingerprint)
    return say("Static files: collected.")


def static_fingerprint() -> str:
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def install_model(say: Say) -> bool:
    version = registry.active()
    if version is not None:
        say(f"Model: {version}.")
        return True
    say("Model: none yet, the default one is being built (half a minute)…")
    installed = _manage("install_model")
    if not installed:
        say(
            "Model: not installed. The site starts all the same, and photos wait until "
            f"this has worked: {registry.MENDING_COMMAND}"
        )
    return installed


def enrol_demo(say: Say) -> None:
    """Enrol the demo people, once: a gallery that somebody has emptied stays empty."""
    unfinished = Path(settings.DATA_DIR) / "demo-unfinished"  # somebody may stop it half-way
    if GalleryChange.objects.exists() and not unfinished.exists():
        return
    say("Demo gallery: the rendered people are being enrolled…")
    unfinished.touch()
    if _manage("enrol", str(DEMO)):
        unfinished.unlink()
    else:
        say("Demo gallery: not enrolled. The next start tries again.")


def _manage(*arguments: str) -> bool:
    """A command in a process of its own, so that what it loads leaves the memory with it.

    What TensorFlow has to say about itself is shown only if the command fails.
    """
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        sys.stderr.buffer.write(done.stderr)
    return done.returncode == 0


def create_administrator(say: Say) -> None:
    password = create_first_administrator()
    if password is None:
        return
    lines = (
        "The first administrator. The password is shown this once:",
        "",
        f"    name      {FIRST_ADMINISTRATOR}",
        f"    password  {password}",
        "",
        "Change it after the first log-in.",
    )
    width = max(map(len, lines))
    say(f"┌─{'─' * width}─┐")
    for line in lines:
        say(f"│ {line:<{width}} │")
    say(f"└─{'─' * width}─┘")
