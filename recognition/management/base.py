"""What every command of the site can do: end in words for people, or in JSON for programs."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from ml.language import speaking
from recognition.management.help import Help
from recognition.services.training import languages


class SpokenCommand(BaseCommand):
    """One that is in the site's language, with its `--help`, marked with `gettext_noop`, and with
    what `ml` says meanwhile."""

    suppressed_base_arguments = {"--settings", "--pythonpath"}  # noqa: RUF012  (of no use here)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, formatter_class=Help, **kwargs)
        parser.description = _(self.help)
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        with speaking(languages.current()):
            return super().execute(*args, **options)


class SiteCommand(SpokenCommand):
    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--json", action="store_true", help=_("end with one JSON object, for programs")
        )
        return parser

    def conclude(self, found: Mapping[str, Any], words: str, *, as_json: bool) -> None:
        """Say what came of it. Nothing comes after this."""
        self.stdout.write(json.dumps(found) if as_json else words)


class BackgroundCommand(SiteCommand):
    """One that the site starts by itself, beside its photos."""

    requires_system_checks = ()  # they load all pages, which takes 40 MB


def end_when_asked() -> None:
    """Have whoever asks this process to end raise `KeyboardInterrupt`: SIGTERM as well, and SIGINT
    also where a shell has it ignored in the background."""
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, signal.default_int_handler)
