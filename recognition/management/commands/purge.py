from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import BackgroundCommand
from recognition.messages.privacy import kept
from recognition.services.privacy import retention


class Command(BackgroundCommand):
    help = gettext_noop(
        "Deletes photos that have been kept for as long as they may be. The site does it daily."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help=_("only say what would be deleted")
        )
        parser.add_argument(
            "--quiet", action="store_true", help=_("say nothing if nothing is deleted")
        )

    def handle(self, *, dry_run: bool, quiet: bool, **options: Any) -> None:
        found = retention.due() if dry_run else retention.purge()
        if quiet and not any(found.values()):
            return
        counted = [f"{count:>8}  {kept(name)}" for name, count in found.items()]
        words = "\n".join([_("These would be deleted:") if dry_run else _("Deleted:"), *counted])
        self.conclude(found, words, as_json=options["json"])
