from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.models import User
from recognition.services.site import second_factor


class Command(SiteCommand):
    help = gettext_noop(
        "Removes the second factor of somebody who has lost it: the password is enough until they "
        "set up another."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help=_("username of the account"))

    def handle(self, *, user: str, **options: Any) -> None:
        account = User.objects.filter(username=user).first()
        if account is None:
            raise CommandError(_("There is no account “%s”.") % user)
        if not second_factor.reset(account):
            raise CommandError(_("The account “%s” has no second factor.") % user)
        words = _("%s no longer has a second factor.") % user
        self.conclude({"user": user}, words, as_json=options["json"])
