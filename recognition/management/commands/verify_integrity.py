from __future__ import annotations

import json
import sys
from typing import Any, Final

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from recognition.management.base import SiteCommand
from recognition.services.site.integrity import Finding, verify

SHOWN: Final = 5
PROMISES: Final = {
    "database": gettext_lazy("The database is sound."),
    "triggers": gettext_lazy("A status moves only forward: the triggers are there."),
    "one_version": gettext_lazy("One model version is in service, and its files are sound."),
    "stuck": gettext_lazy("Everything that waits is due later, or is being worked on."),
    "half_answers": gettext_lazy("Every answer is whole, and nothing else has faces."),
    "rows_without_files": gettext_lazy("Every file that a row names is there."),
    "files_without_rows": gettext_lazy(
        "Every stored file of yesterday or before is named by a row."
    ),
    "kept_too_long": gettext_lazy("No uploaded bytes are kept longer than they are needed."),
    "without_template": gettext_lazy(
        "Every enrolled face has a template of the version in service."
    ),
    "revisions": gettext_lazy("No change of the gallery is ahead of the count of changes."),
    "times": gettext_lazy("Nothing has ended before it began."),
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
        self.stdout.write(f"{_told(finding):<24} {PROMISES[finding.code]}")
        for one in finding.broken[:SHOWN]:
            self.stdout.write(f"    {one}")
        if len(finding.broken) > SHOWN:
            more = _("and %(more)s more") % {"more": len(finding.broken) - SHOWN}
            self.stdout.write(f"    … {more}")


def _told(finding: Finding) -> str:
    broken, repaired = len(finding.broken), finding.repaired
    told = [_("%(count)d broken") % {"count": broken} if broken else _("kept")]
    if repaired:
        told.append(_("%(count)d repaired") % {"count": repaired})
    return ", ".join(told)


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.code,
        "broken": len(finding.broken),
        "repaired": finding.repaired,
        "examples": finding.broken[:SHOWN],
    }
