"""What the commands of backups have in common: why one is not made, or not restored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.errors import Unwritable
from ml.threads import Progress
from recognition.management.terminal import progress_bar
from recognition.services.backup.refusals import BackupRefused

_REFUSED: Final = {
    "file_exists": gettext_lazy("%(file)s is there already; name another, or move it away."),
    "no_folder": gettext_lazy("There is no folder %(folder)s."),
    "no_site": gettext_lazy("There is no site in %(folder)s yet: its database has no tables."),
    "in_progress": gettext_lazy("Another process is writing %(file)s."),
    "no_archive": gettext_lazy("%(file)s is not a backup of facesite."),
    "cut_short": gettext_lazy("The backup ends too early. Nothing was changed here."),
    "damaged": gettext_lazy(
        "The backup is damaged: %(name)s is not as it was written. Nothing was changed here."
    ),
    "unsafe": gettext_lazy(
        "“%(name)s” has no place in a backup: facesite did not write it. Nothing was changed here."
    ),
    "unknown_format": gettext_lazy("The backup is of a form that this facesite does not know."),
    "newer": gettext_lazy(
        "The backup was made by a newer facesite, which has %(migration)s; update this one."
    ),
    "files_there": gettext_lazy(
        "There are files in %(folder)s; a backup is restored into an empty place."
    ),
    "rows_there": gettext_lazy(
        "The database is in use already; a backup is restored into an empty one."
    ),
    "tables_there": gettext_lazy(
        "The backup is older than the tables of this database, which is empty: give it a new one, "
        "without migrating it."
    ),
    "rows_refused": gettext_lazy(
        "The database does not take %(name)s: %(reason)s. Empty DATA_DIR before you restore "
        "another backup."
    ),
}


@contextmanager
def at_work(what: Path, *, quiet: bool) -> Iterator[Progress]:
    """A bar while a backup is made or restored, or one sentence on why it is not."""
    try:
        with progress_bar(what.name, unit="B", quiet=quiet) as progress:
            yield progress
    except BackupRefused as refused:
        raise CommandError(str(_REFUSED[refused.code]) % refused.params) from refused
    except Unwritable as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        said = _("%(file)s cannot be used: %(reason)s.")
        params = {"file": error.filename or what, "reason": error.strerror}
        raise CommandError(said % params) from error
    except DatabaseError as error:
        raise CommandError(_("The database cannot be used: %s.") % error) from error
    except KeyboardInterrupt:
        message = _("Stopped. Run the command again to continue.")
        raise CommandError(message, returncode=130) from None
