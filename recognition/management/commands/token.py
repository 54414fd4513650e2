from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.models import Scope, User
from recognition.services.site import tokens

SCOPES = ", ".join(Scope.values)
LONGEST = 3650
"""Days."""


class Command(SiteCommand):
    help = gettext_noop(
        "Makes a token with which a program asks the API in the name of an account."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help=_("username of the account"))
        parser.add_argument(
            "--scope",
            required=True,
            action="extend",
            type=lambda said: said.split(","),
            metavar="S[,S]",
            help=_("what it is good for: %s") % SCOPES,
        )
        parser.add_argument("--name", default="", help=_("where it is used"))
        parser.add_argument(
            "--days",
            type=int,
            default=365,
            metavar="N",
            help=_("how long it lasts; 0 is for good"),
        )

    def handle(self, *, user: str, scope: list[str], **options: Any) -> None:
        account = User.objects.filter(username=user).first()
        if account is None:
            raise CommandError(_("There is no account “%s”.") % user)
        if unknown := set(scope) - set(Scope.values):
            told = _("There is no scope “%(scope)s”; choose among %(scopes)s.")
            raise CommandError(told % {"scope": min(unknown), "scopes": SCOPES})
        days = options["days"]
        if not 0 <= days <= LONGEST:
            raise CommandError(_("A token lasts from 1 to %d days; 0 is for good.") % LONGEST)
        until = timezone.now() + dt.timedelta(days=days) if days else None
        name = options["name"] or _("Made by a command")
        secret = tokens.make(account, name, scope, until, by=None)
        self.conclude({"token": secret}, secret, as_json=options["json"])
