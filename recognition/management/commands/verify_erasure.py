from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from ml.files import read_json
from recognition.management.base import SiteCommand
from recognition.management.terminal import progress_bar
from recognition.services.privacy import erasure_report, traces

OBJECTIONS: Final = {
    "not_signed": gettext_lazy("This site did not sign the report, or it was changed since."),
    "not_in_log": gettext_lazy("The audit log has no such removal."),
    "person": gettext_lazy("The person is there."),
    "folders": gettext_lazy("Names of their folders are there."),
    "consents": gettext_lazy("Consents of theirs are there."),
    "enrolled_photos": gettext_lazy("Enrolled photos of theirs are there."),
    "templates": gettext_lazy("Templates of theirs are there."),
    "imported_files": gettext_lazy("Files that an operator sent to be enrolled are theirs."),
    "waiting_photos": gettext_lazy("Photos of theirs wait to be enrolled."),
    "candidates": gettext_lazy("They are candidates of answers."),
    "answers": gettext_lazy("Answers name them."),
    "verdicts": gettext_lazy("Reviewers' verdicts name them."),
    "photos_asked_about": gettext_lazy("Photos that were to be deleted are there."),
    "classes": gettext_lazy("A network names them by one of its classes."),
    "not_overwritten": gettext_lazy(
        "The database has not been rewritten since: a worker does it within seconds, or run "
        "manage.py scrub."
    ),
}


class Command(SiteCommand):
    help = gettext_noop(
        "Checks a report of erase_person: that this site signed it, and that nothing of the person "
        "is there. Whoever still knows a name or a file name can have all files searched for it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("report", type=Path, metavar="FILE")
        parser.add_argument(
            "--search",
            action="append",
            default=[],
            metavar="TEXT",
            help=_("a text that must be in no file under the data folder"),
        )

    def handle(self, **options: Any) -> None:
        objections = list(erasure_report.objections(_read(options["report"])))
        needles = {needle for text in options["search"] for needle in traces.of_text(text)}
        found = _search(needles) if needles else []
        said = [str(OBJECTIONS[code]) for code in objections]
        said += [_("A text that was searched for is in %s.") % path for path in found]
        self.stdout.write("\n".join(said or [_("Nothing of the person is there.")]))
        if options["json"]:
            holds = {"holds": not said, "objections": objections, "found": found}
            self.stdout.write(json.dumps(holds))
        if said:
            raise CommandError(_("The report does not hold."))


def _search(needles: set[bytes]) -> list[str]:
    with progress_bar(_("files")) as progress:
        return [str(path) for path in traces.found(needles, progress)]


def _read(path: Path) -> dict[str, Any]:
    try:
        report = read_json(path)
    except (OSError, ValueError) as error:
        said = _("%(file)s cannot be read: %(reason)s.")
        raise CommandError(said % {"file": path, "reason": error}) from error
    if not isinstance(report, dict):
        raise CommandError(_("%s is not a report of an erasure.") % path)
    return report
