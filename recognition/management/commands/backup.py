from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

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
        size = f"{made.size / 1e6:,.1f} MB"
        told = f"{made.rows:,} rows and {made.files:,} files, {size}, in {seconds} s"
        self.conclude(as_dict(made, seconds), f"{made.file}: {told}.", as_json=options["json"])

    def _warn(self, made: making.Made) -> None:
        if not made.missing:
            return
        self.stderr.write(f"{len(made.missing)} files were not there that rows name:")
        for name in made.missing[:SHOWN]:
            self.stderr.write(f"    {name}")


def as_dict(made: making.Made, seconds: float) -> dict[str, Any]:
    return {
        "file": str(made.file),
        "bytes": made.size,
        "rows": made.rows,
        "files": made.files,
        "missing": made.missing,
        "seconds": seconds,
    }
