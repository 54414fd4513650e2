from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.files import write_whole
from recognition.management.base import SiteCommand
from recognition.management.people import PERSON_HELP, person_of
from recognition.management.terminal import progress_bar
from recognition.models import Person
from recognition.services.privacy import deletion, erasure, erasure_report, scrubbing, traces


class Command(SiteCommand):
    help = gettext_noop(
        "Removes a person with everything that is stored about them, rewrites the database, and "
        "searches the raw bytes of all files for anything that is left. Prints a signed report in "
        "numbers alone, which verify_erasure checks at any later time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="PERSON", help=str(PERSON_HELP))
        parser.add_argument("--yes", action="store_true", help=_("do not ask"))
        parser.add_argument("--report", type=Path, metavar="FILE", help=_("write the report there"))

    def handle(self, **options: Any) -> None:
        person = person_of(options["person"])
        if options["json"] and not options["yes"]:
            raise CommandError(_("--json asks nothing: give --yes too."))
        if not options["yes"]:
            self._ask(person)
        needles = traces.of_person(person)
        report = erasure_report.of(erasure.remove_person(person, None))
        scrubbing.scrub()
        with progress_bar("files") as progress:
            left = [str(path) for path in traces.found(needles, progress)]
        text = json.dumps(report)
        if options["report"]:
            write_whole(options["report"], f"{text}\n")
        self.stdout.write(text)
        if left:
            raise CommandError(_("They are removed, but traces of them are left in: %s") % left)

    def _ask(self, person: Person) -> None:
        photos, asked = person.faces.count(), deletion.showing(person).count()
        self.stdout.write(
            _(
                "Person %(number)d, %(name)s. Enrolled photos: %(photos)d; photos in which a "
                "reviewer recognised them: %(asked)d. This cannot be undone."
            )
            % {"number": person.pk, "name": person.name, "photos": photos, "asked": asked}
        )
        said = ""
        with suppress(EOFError):  # there is nobody to ask
            said = input(_("Erase them? Type yes: ")).strip().lower()
        if said not in {"yes", _("yes")}:
            raise CommandError(_("Nothing was erased."))
