"""The `--help` of a command in the site's language, with what Django and argparse say of every
command and have in English alone."""

from __future__ import annotations

from argparse import Action
from copy import copy
from typing import Any, Final

from django.core.management.base import DjangoHelpFormatter
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

TITLES: Final = (gettext_noop("positional arguments"), gettext_noop("options"))
OPTIONS: Final = (
    gettext_noop("show this help message and exit"),
    gettext_noop("Show program's version number and exit."),
    gettext_noop(
        "Verbosity level; 0=minimal output, 1=normal output, 2=verbose output, 3=very verbose "
        "output"
    ),
    gettext_noop("Display a full stack trace on CommandError exceptions."),
    gettext_noop("Don't colorize the command output."),
    gettext_noop("Force colorization of the command output."),
    gettext_noop("Skip system checks."),
)


class Help(DjangoHelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or _("usage: "))

    def start_section(self, heading: str | None) -> None:
        super().start_section(_(heading) if heading in TITLES else heading)

    def add_argument(self, action: Action) -> None:
        spoken = copy(action)
        if action.help in OPTIONS:
            spoken.help = _(action.help)
        super().add_argument(spoken)
