from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognition.management.versions import put_into_service
from recognition.messages.versions import promotion_refused
from recognition.services.promotion import serving


class Command(BaseCommand):
    help = "Goes back to the model version that was in service before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="show no progress")

    def handle(self, **options: Any) -> None:
        try:
            version = serving.way_back()
        except serving.PromotionRefused as refusal:
            raise CommandError(promotion_refused(refusal.code, refusal.params)) from refusal
        embedded = put_into_service(version, quiet=options["quiet"])
        since = f"; {embedded.faces} faces enrolled since were embedded" if embedded.faces else ""
        self.stdout.write(f"{version} is in service again{since}.")
