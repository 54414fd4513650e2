from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.services import chain


class Command(SiteCommand):
    help = gettext_noop(
        "Looks at every row of the audit log, says which were changed, removed or inserted, and "
        "prints the digest of the last row. Note it elsewhere, and give it as --noted another "
        "time: whoever could change the whole database cannot bring it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--noted",
            action="append",
            default=[],
            metavar="DIGEST",
            help=_("a digest printed before, which a row must still have"),
        )

    def handle(self, **options: Any) -> None:
        verified = chain.verify(options["noted"])
        self.stdout.write("\n".join(lines(verified)))
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(verified)))
        if not verified.whole:
            raise CommandError("The audit log is not as it was written.")


def lines(verified: chain.Verified) -> list[str]:
    found = [f"{one.kind}: {_rows(one)}" for one in verified.breaks]
    if not verified.guarded:
        found.append("The triggers are gone that keep rows from being changed.")
    if not verified.noted:
        found.append("No row has the digest that was noted.")
    if not found:
        found.append(f"{verified.rows} rows, none changed, removed or inserted.")
    return [*found, f"Row {verified.head.number} {verified.head.digest}"]


def _rows(found: chain.Break) -> str:
    one = found.first == found.last
    return f"row {found.first}" if one else f"rows {found.first} to {found.last}"


def as_dict(verified: chain.Verified) -> dict[str, Any]:
    breaks = [{"kind": one.kind, "first": one.first, "last": one.last} for one in verified.breaks]
    return {
        "whole": verified.whole,
        "rows": verified.rows,
        "head": {"number": verified.head.number, "digest": verified.head.digest},
        "breaks": breaks,
        "guarded": verified.guarded,
        "noted": verified.noted,
    }
