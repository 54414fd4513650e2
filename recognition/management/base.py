"""What every command of the site can do: end in words for people, or in JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class SiteCommand(BaseCommand):
    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--json", action="store_true", help="end with one JSON object, for programs"
        )
        return parser

    def conclude(self, found: Mapping[str, Any], words: str, *, as_json: bool) -> None:
        """Say what came of it. Nothing comes after this."""
        self.stdout.write(json.dumps(found) if as_json else words)
