"""What the commands of backups have in common: why one is not made, or not restored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.core.management.base import CommandError
from django.db import DatabaseError

from ml.errors import Unwritable
from ml.threads import Progress
from recognition.management.terminal import progress_bar
from recognition.services.backup.refusals import BackupRefused

_REFUSED: Final = {
    "file_exists": "{file} is there already; name another, or move it away.",
    "no_folder": "There is no folder {folder}.",
    "no_site": "There is no site in {folder} yet: its database has no tables.",
    "in_progress": "Another process is writing {file}.",
    "no_archive": "{file} is no backup of facesite.",
    "cut_short": "The backup ends too early. Nothing was changed here.",
    "damaged": "The backup is damaged: {name} is not as it was written. Nothing was changed here.",
    "unsafe": "{name!r} has no place in a backup: facesite did not write it. Nothing was changed "
    "here.",
    "unknown_format": "The backup is of a form that this facesite does not know.",
    "newer": "The backup was made by a newer facesite, which has {migration}; update this one.",
    "files_there": "There are files in {folder}; a backup is restored into an empty place.",
    "rows_there": "The database is somebody's already; a backup is restored into an empty one.",
    "tables_there": "The backup is older than the tables of this database, which is empty: give it "
    "a new one, without migrating it.",
    "rows_refused": "The database does not take {name}: {reason}. Empty DATA_DIR before you "
    "restore another backup.",
}


@contextmanager
def at_work(what: Path, *, quiet: bool) -> Iterator[Progress]:
    """A bar while a backup is made or restored, or one sentence on why it is not."""
    try:
        with progress_bar(what.name, unit="B", quiet=quiet) as progress:
            yield progress
    except BackupRefused as refused:
        raise CommandError(_REFUSED[refused.code].format(**refused.params)) from refused
    except Unwritable as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or what} cannot be used: {error.strerror}.") from error
    except DatabaseError as error:
        raise CommandError(f"The database cannot be used: {error}") from error
    except KeyboardInterrupt:
        message = "Stopped. Run the command again to go on."
        raise CommandError(message, returncode=130) from None
