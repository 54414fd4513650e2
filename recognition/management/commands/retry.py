from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from recognition.services.work.retrying import retry_all


class Command(BaseCommand):
    help = "Tries those photos again that failed and whose uploaded bytes are still kept."

    def handle(self, **_options: Any) -> None:
        self.stdout.write(f"{retry_all()} photos wait again.")
