from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.evaluation.datasets import DatasetError
from recognition.management.base import SiteCommand, end_when_asked
from recognition.management.benchmarking import measuring
from recognition.management.benchmarking.peers import Peers
from recognition.management.benchmarking.site import SiteFailed
from recognition.management.benchmarking.tables import tables
from recognition.management.installed import require_everything


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
        group = parser.add_argument_group(_("beside other programs"))
        group.add_argument(
            "--peers",
            type=Path,
            metavar="PYTHON",
            help=_("ask them too, by the Python of their environment"),
        )
        group.add_argument(
            "--people",
            type=Path,
            metavar="DIR",
            help=_("photos to show them, a folder per person; without, those of the demo people"),
        )
        group.add_argument(
            "--pairs",
            type=Path,
            metavar="FILE",
            help=_("a list of pairs of these in the format of LFW, for each to tell apart"),
        )
        group.add_argument(
            "--most-pairs", type=int, default=6000, metavar="N", help=_("so many of them at most")
        )

    def handle(self, **options: Any) -> None:
        require_everything()
        end_when_asked()  # or its sites would live on
        try:
            measured = measuring.measure(_wanted(options), self._say)
        except (SiteFailed, DatasetError) as error:
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


def _wanted(options: dict[str, Any]) -> measuring.Wanted:
    """Everything for which there is what it takes, unless some parts are chosen."""
    python, data = options["peers"], options["training"]
    shown = (options[name] for name in ("people", "pairs", "most_pairs"))
    asked = Peers(python, *shown) if python else None
    lacking = {name for name, given in (("training", data), ("peers", asked)) if not given}
    parts = options["only"] or [part for part in measuring.PARTS if part not in lacking]
    return measuring.Wanted(parts, options["full"], data, asked)
