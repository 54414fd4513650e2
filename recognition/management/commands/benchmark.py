from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.management.benchmarking import measuring
from recognition.management.benchmarking.site import SiteFailed
from recognition.management.benchmarking.tables import tables


class Command(SiteCommand):
    help = gettext_noop(
        "Measures speed and memory of sites of its own, which are started for this in a temporary "
        "folder with the demo people and removed again."
    )
    requires_system_checks = ()  # what is measured is not this site

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only",
            nargs="+",
            choices=measuring.PARTS,
            metavar="PART",
            help=_("measure only: %s") % ", ".join(measuring.PARTS),
        )
        parser.add_argument(
            "--full",
            action="store_true",
            help=_("also what takes long: a million people, thousands of photos (an hour, 3 GB)"),
        )
        parser.add_argument(
            "--training",
            type=Path,
            metavar="DIR",
            help=_(
                "also train on these 112×112 photos, a folder per person, and identify at the "
                "same time"
            ),
        )

    def handle(self, **options: Any) -> None:
        data: Path | None = options["training"]
        parts = options["only"] or [part for part in measuring.PARTS if data or part != "training"]
        try:
            measured = measuring.measure(parts, self._say, full=options["full"], data=data)
        except SiteFailed as error:
            raise CommandError(str(error)) from error
        except subprocess.CalledProcessError as error:
            raise CommandError(_("A measurement failed:") + f"\n{error.stderr[-2000:]}") from error
        except KeyboardInterrupt:
            raise CommandError(_("Stopped; nothing is left behind."), returncode=130) from None
        self.stdout.write("\n\n".join(tables(measured)))
        if options["json"]:
            self.stdout.write(json.dumps(measured))

    def _say(self, what: str) -> None:
        self.stderr.write(f"… {what}")
