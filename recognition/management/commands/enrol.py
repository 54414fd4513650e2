from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from tqdm import tqdm

from recognition.management import consents, enrolment
from recognition.management.base import SiteCommand
from recognition.management.versions import require_model
from recognition.models import EnrolledFace
from recognition.services.gallery import archives, bulk, reviewed
from recognition.services.gallery.enrolling import Options
from recognition.services.gallery.folders import Note, OnDisk, Place, Plan

SWITCHES: Final = {
    "largest": gettext_lazy(
        "of several faces in a photo, take the one that is clearly the largest"
    ),
    "force": gettext_lazy("take photos too that look like somebody else, or unlike their person"),
    "reviewed": gettext_lazy("enrol uploaded photos in which a reviewer has said who it is"),
    "undo": gettext_lazy("with --reviewed: take all of those out of the gallery again"),
    "consent": gettext_lazy(
        "these people have agreed, unless a table says no: to training, or see --consent-to"
    ),
    "dry-run": gettext_lazy("say what would be done, and change nothing"),
}


class Command(SiteCommand):
    help = gettext_noop(
        "Enrols people from a folder or a ZIP archive that holds a folder of photos for each of "
        "them. A CSV file beside the folders may give name, external_id and consent. With "
        "--reviewed it enrols photos that reviewers have confirmed. One photo is enough to be "
        "recognised, three to five are better; to be trained on, a person needs five."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("people", type=Path, metavar="DIR|ZIP", nargs="?")
        for switch, meaning in SWITCHES.items():
            parser.add_argument(f"--{switch}", action="store_true", help=str(meaning))
        consents.add_options(parser)

    def handle(self, **options: Any) -> None:
        if bool(options["people"]) == options["reviewed"] or options["undo"] > options["reviewed"]:
            raise CommandError(
                _("Name a folder or an archive to enrol, or say --reviewed [--undo].")
            )
        if options["undo"]:
            return self._undo(options)
        try:
            summary = self._reviewed(options) if options["reviewed"] else self._folder(options)
        except KeyboardInterrupt:
            message = _("Stopped. What is enrolled stays; run the command again to continue.")
            raise CommandError(message, returncode=130) from None
        in_words = enrolment.in_words(summary, options)
        self.conclude(enrolment.as_dict(summary), in_words, as_json=options["json"])
        if options["people"] and not summary.enrolled and not summary.unchanged:
            sys.exit(1)
        return None

    def _undo(self, options: dict[str, Any]) -> None:
        taken = EnrolledFace.objects.filter(from_review=True).count()
        if not options["dry_run"]:
            taken = reviewed.take_out(None)
        said = enrolment.taken_out(taken, dry_run=options["dry_run"])
        self.conclude({"removed": taken}, said, as_json=options["json"])

    def _folder(self, options: dict[str, Any]) -> bulk.Summary:
        with _opened(options["people"]) as root:
            plan = _planned(root)
            require_model()
            return self._enrol(plan, options)

    def _reviewed(self, options: dict[str, Any]) -> bulk.Summary:
        require_model()
        asked = Options(force=options["force"], dry_run=options["dry_run"])
        with self._bar(reviewed.enrollable().count()) as looked:
            summary = bulk.enrol_reviewed(asked, looked)
        return self._remarked(summary)

    def _enrol(self, plan: Plan, options: dict[str, Any]) -> bulk.Summary:
        for refused in plan.refused:
            self._report(refused)
        agreed = consents.agreed(options)
        asked = Options(options["largest"], options["force"], options["dry_run"], agreed=agreed)
        with self._bar(plan.total) as looked:
            summary = bulk.enrol(plan, asked, looked, bulk.Terms(options["consent"]))
        return self._remarked(summary)

    @contextmanager
    def _bar(self, total: int) -> Iterator[bulk.Look]:
        with tqdm(total=total, unit="", file=sys.stderr, disable=None) as bar:

            def looked(seen: bulk.Looked) -> None:
                bar.update()
                if seen.refused is not None:
                    self._report(seen.refused)

            yield looked

    def _remarked(self, summary: bulk.Summary) -> bulk.Summary:
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
        with archives.opened(path, str(path)) as root:
            yield root
    except archives.ArchiveUnusable as refused:
        raise CommandError(enrolment.unusable(path, refused)) from refused


def _planned(root: Place) -> Plan:
    try:
        plan = bulk.planned(root)
    except OSError as error:
        said = _("The folder %(folder)s cannot be read: %(reason)s.")
        raise CommandError(said % {"folder": root, "reason": error.strerror}) from error
    if not plan.photos and not plan.refused:
        said = _("There is nothing in %(folder)s; it should hold a folder per person.")
        raise CommandError(said % {"folder": root})
    return plan
