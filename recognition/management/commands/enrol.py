from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recognition.management import enrolment
from recognition.management.versions import require_model
from recognition.services.gallery import archives, bulk
from recognition.services.gallery.enrolling import Options
from recognition.services.gallery.folders import Note, OnDisk, Place, Plan
from recognition.services.training.options import DataOptions

SWITCHES: Final = {
    "largest": "of several faces in a photo take the clearly largest",
    "force": "take photos too that look like somebody else, or unlike their person",
    "consent": "the consent of these people covers training, unless a table says no",
    "dry-run": "say what would be done, and change nothing",
    "json": "end with one JSON object, for programs",
}


class Command(BaseCommand):
    help = (
        "Enrols people from a folder or a ZIP archive that holds a folder of photos for each of "
        "them. A CSV file beside the folders may give name, external_id and consent. One photo is "
        "enough to be recognised, three to five are better; to be trained on, a person needs "
        f"{DataOptions().minimum}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("people", type=Path, metavar="DIR|ZIP")
        for switch, meaning in SWITCHES.items():
            parser.add_argument(f"--{switch}", action="store_true", help=meaning)

    def handle(self, **options: Any) -> None:
        with _opened(options["people"]) as root:
            plan = _planned(root)
            require_model()
            try:
                summary = self._enrol(plan, options)
            except KeyboardInterrupt:
                message = "Stopped. What is enrolled stays; run the command again to go on."
                raise CommandError(message, returncode=130) from None
        in_words = enrolment.in_words(summary, dry_run=options["dry_run"])
        self.stdout.write(enrolment.as_json(summary) if options["json"] else in_words)
        if not summary.enrolled and not summary.unchanged:
            sys.exit(1)

    def _enrol(self, plan: Plan, options: dict[str, Any]) -> bulk.Summary:
        for refused in plan.refused:
            self._report(refused)
        asked = Options(options["largest"], options["force"], options["dry_run"])
        with tqdm(total=plan.total, unit=" photos", file=sys.stderr, disable=None) as bar:

            def looked(refused: Note | None) -> None:
                bar.update()
                if refused is not None:
                    self._report(refused)

            summary = bulk.enrol(plan, asked, looked, consent=options["consent"])
        for remark in summary.remarks:
            self._report(remark)
        return summary

    def _report(self, note: Note) -> None:
        path = note.path.encode(errors="replace").decode()
        with tqdm.external_write_mode(file=sys.stderr):
            self.stderr.write(f"{path}: {enrolment.sentence(note)}")


@contextmanager
def _opened(path: Path) -> Iterator[Place]:
    if not path.is_file():
        yield OnDisk(path)
        return
    try:
        with archives.opened(path) as root:
            yield root
    except archives.ArchiveUnusable as refused:
        raise CommandError(enrolment.unusable(path, refused)) from refused


def _planned(root: Place) -> Plan:
    try:
        plan = bulk.planned(root)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise CommandError(f"The folder {root} cannot be read: {reason}.") from error
    if not plan.photos and not plan.refused:
        raise CommandError(f"There is nothing in {root}; it should hold a folder per person.")
    return plan
