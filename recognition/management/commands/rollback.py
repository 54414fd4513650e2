from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.management.versions import switching
from recognition.services.promotion import serving


class Command(SiteCommand):
    help = gettext_noop("Goes back to the model version that was in service before.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help=_("show no progress"))

    def handle(self, **options: Any) -> None:
        with switching(quiet=options["quiet"]) as progress:
            version, embedded = serving.go_back(progress)
        found = {"version": version.name, "embedded": embedded.faces}
        words = _("%(version)s is in service again. Faces embedded for it: %(embedded)d.") % found
        self.conclude(found, words, as_json=options["json"])
