from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.errors import Unwritable
from ml.files import replacing, writing
from recognition.management.base import SiteCommand
from recognition.management.people import PERSON_HELP, person_of
from recognition.services.privacy.export import export


class Command(SiteCommand):
    help = gettext_noop(
        "Writes everything that the site has about a person of the gallery into a ZIP."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="PERSON", help=str(PERSON_HELP))
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *, person: str, file: Path, **options: Any) -> None:
        whom = person_of(person)
        if file.exists():
            raise CommandError(_("%s is there already.") % file)
        try:
            with writing(file.parent, _("try again")), replacing(file) as archive:
                archive.writelines(export(whom, None))
        except (Unwritable, OSError) as error:
            said = _("%(file)s was not written. %(error)s")
            raise CommandError(said % {"file": file, "error": error}) from error
        found = {"file": str(file), "person": whom.pk}
        words = _("%(file)s: everything about person %(person)d.") % found
        self.conclude(found, words, as_json=options["json"])
