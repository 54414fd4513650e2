from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

from recognition.management.base import SpokenCommand
from recognition.services.gallery import imports


class Command(SpokenCommand):
    help = gettext_noop(
        "Goes through people whom an operator brings in, for the site. A worker starts it."
    )
    requires_system_checks = ()  # somebody waits

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=UUID)

    def handle(self, **options: Any) -> None:
        imports.process(options["id"])
