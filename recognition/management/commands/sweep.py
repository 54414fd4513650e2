from __future__ import annotations

from dataclasses import asdict
from typing import Any

from recognition.management.base import SiteCommand
from recognition.services.site.sweeping import sweep, tidy


class Command(SiteCommand):
    help = "Sends waiting photos to the worker once more, and ends those that have no hope left."

    def handle(self, **options: Any) -> None:
        tidy()
        swept = sweep()
        words = f"{swept.requeued} sent again, {swept.failed} ended as failed."
        self.conclude(asdict(swept), words, as_json=options["json"])
