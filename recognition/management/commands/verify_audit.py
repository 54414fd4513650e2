from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from recognition.formats import counted
from recognition.management.base import SiteCommand
from recognition.services import chain

BREAKS: Final = {
    "changed": gettext_lazy("Changed: rows %(first)s to %(last)s"),
    "removed": gettext_lazy("Removed: rows %(first)s to %(last)s"),
    "inserted": gettext_lazy("Inserted: rows %(first)s to %(last)s"),
}


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
            raise CommandError(_("The audit log is not as it was written."))


def lines(verified: chain.Verified) -> list[str]:
    found = [str(BREAKS[one.kind]) % asdict(one) for one in verified.breaks]
    if not verified.guarded:
        found.append(
            _("The database no longer keeps rows from being changed: its triggers are gone.")
        )
    if not verified.noted:
        found.append(_("No row has the digest that you have noted."))
    if not found:
        found.append(_whole(verified.rows))
    head = _("Row %(number)s") % {"number": verified.head.number}
    return [*found, f"{head} {verified.head.digest}"]


def _whole(rows: int) -> str:
    return ngettext(
        "The chain is whole: %(rows)s row, none changed, removed or inserted.",
        "The chain is whole: %(rows)s rows, none changed, removed or inserted.",
        rows,
    ) % {"rows": counted(rows)}


def as_dict(verified: chain.Verified) -> dict[str, Any]:
    return {
        "whole": verified.whole,
        "rows": verified.rows,
        "head": {"number": verified.head.number, "digest": verified.head.digest},
        "breaks": [asdict(one) for one in verified.breaks],
        "guarded": verified.guarded,
        "noted": verified.noted,
    }
