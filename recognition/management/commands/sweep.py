from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from recognition.services.site.sweeping import sweep, tidy


class Command(BaseCommand):
    help = "Sends waiting photos to the worker once more, and ends those that have no hope left."

    def handle(self, **_options: Any) -> None:
        tidy()
        swept = sweep()
        self.stdout.write(f"{swept.requeued} sent again, {swept.failed} ended as failed.")
