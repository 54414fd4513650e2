"""What must be in place before the site can start. Every step changes nothing the second time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from facesite import catalogues
from facesite.storage import StorageAway
from recognition.checks import KEYS
from recognition.models import GalleryChange
from recognition.services.backup import restoring
from recognition.services.site.accounts import FIRST_ADMINISTRATOR, create_first_administrator
from recognition.services.versions import registry, sharing

DEMO = settings.BASE_DIR / "demo" / "people"

Say = Callable[[str], None]
_UP_TO_DATE = gettext_lazy("up to date")


def prepare(say: Say, *, demo: bool) -> None:
    if restoring.unfinished():
        raise CommandError(_("A backup is only half restored here; run restore with it again."))
    migrate(say)
    compile_messages(say)
    collect_static(say)
    model_is_there = install_model(say)
    check_keys(say)
    if demo and model_is_there:
        enrol_demo(say)
    create_administrator(say)


def migrate(say: Say) -> None:
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise CommandError(_("The database cannot be reached: %s") % error) from error
    steps = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if steps:
        call_command("migrate", interactive=False, verbosity=0)
    applied = ngettext("%(steps)d migration applied", "%(steps)d migrations applied", steps)
    say(_("Database: %(state)s.") % {"state": applied % {"steps": steps} if steps else _UP_TO_DATE})


def compile_messages(say: Say) -> None:
    try:
        written = catalogues.compile_stale()
    except OSError as error:
        said = _("Languages: the catalogues cannot be compiled, the site is in English: %s.")
        say(said % error)
    else:
        compiled = ", ".join(path.parent.parent.name for path in written)
        say(_("Languages: %(state)s.") % {"state": compiled or _UP_TO_DATE})


def collect_static(say: Say) -> None:
    """Collect static files when one has changed: hashing and compressing all takes seconds. Those
    of the release before stay, for its processes and for pages that are open."""
    note, fingerprint = Path(settings.STATIC_ROOT) / ".collected", static_fingerprint()
    if settings.DEBUG or (note.exists() and note.read_text() == fingerprint):
        return say(_("Static files: %(state)s.") % {"state": _UP_TO_DATE})
    call_command("collectstatic", interactive=False, verbosity=0)
    note.write_text(fingerprint)
    return say(_("Static files: %(state)s.") % {"state": _("collected")})


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
        say(_("Model: %(version)s.") % {"version": version})
        share_models(say)
        return True
    say(_("Model: none yet, the default one is being built (half a minute)…"))
    installed = _manage(say, "install_model")
    if not installed:
        say(
            _("Model: not installed. The site starts anyway; photos wait until this works: %s")
            % registry.MENDING_COMMAND
        )
    return installed


def share_models(say: Say) -> None:
    try:
        sharing.share_all()
    except StorageAway as error:
        say(_("Models: other machines cannot have them yet. %s") % error.strerror)


def enrol_demo(say: Say) -> None:
    """Enrol the demo people, once: a gallery that somebody has emptied stays empty."""
    unfinished = Path(settings.DATA_DIR) / "demo-unfinished"  # somebody may stop it half-way
    if GalleryChange.objects.exists() and not unfinished.exists():
        return
    say(_("Demo gallery: the rendered people are being enrolled…"))
    unfinished.touch()
    if _manage(say, "enrol", str(DEMO)):
        unfinished.unlink()
    else:
        say(_("Demo gallery: not enrolled. The next start tries again."))


def _manage(say: Say, *arguments: str) -> bool:
    """A command in a process of its own, so that what it loads leaves the memory with it.

    What TensorFlow has to say about itself is shown only if the command fails.
    """
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    said = done.stdout + done.stderr if done.returncode else done.stdout
    for line in said.decode().splitlines():
        say(line)
    return done.returncode == 0


def check_keys(say: Say) -> None:
    """The site starts without them, since nothing is lost by it; but somebody has to know."""
    for problem in run_checks(tags=[KEYS]):
        say(f"{problem.msg} {problem.hint}")


def create_administrator(say: Say) -> None:
    password = create_first_administrator()
    if password is None:
        return
    lines = (
        _("The first administrator. The password is shown this once:"),
        "",
        _("    name      %s") % FIRST_ADMINISTRATOR,
        _("    password  %s") % password,
        "",
        _("Change it after the first log-in."),
    )
    width = max(map(len, lines))
    say(f"┌─{'─' * width}─┐")
    for line in lines:
        say(f"│ {line:<{width}} │")
    say(f"└─{'─' * width}─┘")
