from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.formats import counted, duration, file_size
from recognition.management import backups
from recognition.management.base import SiteCommand
from recognition.services.backup import making

SHOWN: Final = 5


class Command(SiteCommand):
    help = gettext_noop(
        "Writes the whole site into one archive while it runs: database, photos, model versions, "
        "settings without what is secret. Run it again with the same FILE to continue after an "
        "interruption."
    )
    requires_system_checks = []  # noqa: RUF012  (a damaged model is no reason to have no backup)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, **options: Any) -> None:
        began = time.monotonic()
        with backups.at_work(options["file"], quiet=options["json"]) as progress:
            made = making.backup(options["file"], progress)
        seconds = round(time.monotonic() - began, 1)
        self._warn(made)
        self.conclude(as_dict(made, seconds), in_words(made, seconds), as_json=options["json"])

    def _warn(self, made: making.Made) -> None:
        if not made.missing:
            return
        said = _("Files that rows name and that were not there: %(count)d.")
        self.stderr.write(said % {"count": len(made.missing)})
        for name in made.missing[:SHOWN]:
            self.stderr.write(f"    {name}")


def in_words(made: making.Made, seconds: float) -> str:
    """How much was written, how large it is, and how long it took."""
    return _("%(file)s: %(rows)s rows and %(files)s files, %(size)s, in %(time)s.") % {
        "file": made.file,
        "rows": counted(made.rows),
        "files": counted(made.files),
        "size": file_size(made.size),
        "time": duration(seconds),
    }


def as_dict(made: making.Made, seconds: float) -> dict[str, Any]:
    return {
        "file": str(made.file),
        "bytes": made.size,
        "rows": made.rows,
        "files": made.files,
        "missing": made.missing,
        "seconds": seconds,
    }
