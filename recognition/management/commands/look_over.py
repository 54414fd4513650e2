from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import BackgroundCommand
from recognition.services.gallery import looking


class Command(BackgroundCommand):
    help = gettext_noop(
        "Looks in the gallery for people who are in it twice and for photos of somebody else, at "
        "everybody once and then around whoever has changed. The site does it by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help=_("say nothing"))

    def handle(self, *, quiet: bool, **options: Any) -> None:
        people = looking.look_over()
        if not quiet:
            words = _("People checked: %d.") % people
            self.conclude({"people": people}, words, as_json=options["json"])
