from __future__ import annotations

from typing import Any

from recognition.management.base import SiteCommand
from recognition.services.site import invitations


class Command(SiteCommand):
    help = "Prints a link with which one person can open an account, within a week."

    def handle(self, **options: Any) -> None:
        link = invitations.invite(None)
        self.conclude({"link": link}, link, as_json=options["json"])
