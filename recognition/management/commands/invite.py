from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from recognition.services.site import invitations


class Command(BaseCommand):
    help = "Prints a link with which one person can open an account, within a week."

    def handle(self, **_options: Any) -> None:
        self.stdout.write(invitations.invite(None))
