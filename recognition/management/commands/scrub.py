from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from recognition.services.privacy import scrubbing


class Command(BaseCommand):
    help = (
        "Writes the tables of the database anew, so that nothing is left in its bytes of what was "
        "erased. The site does it after every erasure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="say nothing")

    def handle(self, *, quiet: bool, **_options: Any) -> None:
        try:
            scrubbing.scrub()
        except DatabaseError as error:
            raise CommandError(f"The database was not written anew: {error}") from error
        if not quiet:
            self.stdout.write("The database was written anew.")
