from __future__ import annotations

from typing import Any

from recognition.management.base import SiteCommand
from recognition.services.work.retrying import retry_all


class Command(SiteCommand):
    help = "Tries those photos again that failed and whose uploaded bytes are still kept."

    def handle(self, **options: Any) -> None:
        waiting = retry_all()
        self.conclude(
            {"waiting": waiting}, f"{waiting} photos wait again.", as_json=options["json"]
        )
