from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import BackgroundCommand
from recognition.services.gallery import vectors


class Command(BackgroundCommand):
    help = gettext_noop(
        "Makes the table in PostgreSQL that is searched with GALLERY_BACKEND=pgvector. The site "
        "does it by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help=_("say nothing"))

    def handle(self, *, quiet: bool, **options: Any) -> None:
        try:
            people = vectors.build()
        except DatabaseError as error:
            raise CommandError(_("The table was not made: %s.") % error) from error
        if not quiet:
            words = _("There is nothing to do.")
            if people is not None:
                words = _("People in the table: %d.") % people
            self.conclude({"people": people}, words, as_json=options["json"])
