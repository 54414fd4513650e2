from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.services.site import invitations


class Command(SiteCommand):
    help = gettext_noop("Prints a link with which one person can open an account, within a week.")

    def handle(self, **options: Any) -> None:
        link = invitations.invite(None)
        self.conclude({"link": link}, link, as_json=options["json"])
