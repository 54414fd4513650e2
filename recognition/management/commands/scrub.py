from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import BackgroundCommand
from recognition.services.privacy import scrubbing


class Command(BackgroundCommand):
    help = gettext_noop(
        "Rewrites the tables of the database, so that nothing is left in its bytes of what was "
        "erased. The site does it after every erasure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help=_("say nothing"))

    def handle(self, *, quiet: bool, **options: Any) -> None:
        try:
            scrubbing.scrub()
        except DatabaseError as error:
            raise CommandError(_("The database was not rewritten: %s.") % error) from error
        if not quiet:
            words = _("The database was rewritten.")
            self.conclude({"scrubbed": True}, words, as_json=options["json"])
