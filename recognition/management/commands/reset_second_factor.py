from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from recognition.management.base import SiteCommand
from recognition.models import User
from recognition.services.site import second_factor


class Command(SiteCommand):
    help = (
        "Takes the second factor away from somebody who has lost it: the password is enough until "
        "they set up another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="username of the account")

    def handle(self, *, user: str, **options: Any) -> None:
        account = User.objects.filter(username=user).first()
        if account is None:
            raise CommandError(f"There is no account {user!r}.")
        if not second_factor.reset(account):
            raise CommandError(f"The account {user!r} has no second factor.")
        words = f"{user} has no second factor any more."
        self.conclude({"user": user}, words, as_json=options["json"])
