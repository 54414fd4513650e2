from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.models import User
from recognition.services.site.logins import reset_link


class Command(SiteCommand):
    help = gettext_noop("Prints a link with which somebody chooses a new password. It works once.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help=_("username of the account"))

    def handle(self, *, user: str, **options: Any) -> None:
        account = User.objects.filter(username=user).first()
        if account is None:
            raise CommandError(_("There is no account “%s”.") % user)
        link = reset_link(account)
        self.conclude({"link": link}, link, as_json=options["json"])
