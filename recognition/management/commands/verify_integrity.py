from __future__ import annotations

import json
import sys
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.services.site.integrity import Finding, verify

SHOWN: Final = 5
PROMISES: Final = {
    "database": "The database is sound.",
    "triggers": "A status moves only forward: the triggers are there.",
    "one_version": "One model version is in service, and its files are sound.",
    "stuck": "Everything that waits is due later, or is being worked on.",
    "half_answers": "Every answer is whole, and nothing else has faces.",
    "rows_without_files": "Every file that a row names is there.",
    "files_without_rows": "Every stored file of yesterday or before is named by a row.",
    "kept_too_long": "No uploaded bytes are kept longer than they are needed.",
    "without_template": "Every enrolled face has a template of the version in service.",
    "revisions": "No change of the gallery is ahead of the count of changes.",
    "times": "Nothing has ended before it began.",
}


class Command(SiteCommand):
    help = gettext_noop(
        "Checks on this site what docs/reliability.md promises. Changes nothing by itself."
    )
    requires_system_checks = []  # noqa: RUF012  (it says itself what is wrong with the model)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help=_("repair what can be repaired"))

    def handle(self, **options: Any) -> None:
        findings = []
        for finding in verify(repair=options["repair"]):
            findings.append(finding)
            if not options["json"]:
                self._show(finding)
        sound = not any(finding.broken for finding in findings)
        if options["json"]:
            found = [_as_json(finding) for finding in findings]
            self.stdout.write(json.dumps({"sound": sound, "findings": found}))
        if not sound:
            sys.exit(1)

    def _show(self, finding: Finding) -> None:
        told = f"{len(finding.broken)} broken" if finding.broken else "kept"
        told += f", {finding.repaired} repaired" if finding.repaired else ""
        self.stdout.write(f"{told:<24} {PROMISES[finding.code]}")
        for one in finding.broken[:SHOWN]:
            self.stdout.write(f"    {one}")
        if len(finding.broken) > SHOWN:
            self.stdout.write(f"    … and {len(finding.broken) - SHOWN} more")


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.code,
        "broken": len(finding.broken),
        "repaired": finding.repaired,
        "examples": finding.broken[:SHOWN],
    }
