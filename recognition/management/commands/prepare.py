from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.management.preparation import prepare


class Command(SiteCommand):
    help = gettext_noop(
        "Prepares everything that the site needs to start: database, messages, static files, model."
    )
    requires_system_checks = []  # noqa: RUF012  (they ask the database, which is made here)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help=_("enrol the rendered demo people"))

    def handle(self, *_args: Any, **options: Any) -> None:
        prepare(self.stdout.write, demo=options["demo"])
        if options["json"]:
            self.stdout.write(json.dumps({"prepared": True}))
