from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recognition.management.versions import require_model
from recognition.messages.photos import noted
from recognition.services.gallery import bulk, folders
from recognition.services.gallery.enrolling import Options

_OPTIONS: Final = {
    "several_faces": "--largest takes the clearly largest face.",
    "looks_like_another": "--force enrols it all the same.",
    "unlike_others": "--force enrols it all the same.",
}


class Command(BaseCommand):
    help = "Enrols people from a folder that holds a folder of photos for each of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--largest",
            action="store_true",
            help="of several faces in a photo take the clearly largest",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="enrol photos too that look like somebody else, or unlike their person",
        )
        parser.add_argument(
            "--json", action="store_true", help="end with one JSON object, for programs"
        )

    def handle(self, **options: Any) -> None:
        plan = _scan(options["folder"])
        require_model()
        try:
            summary = self._enrol(plan, Options(options["largest"], options["force"]))
        except KeyboardInterrupt:
            message = "Stopped. What is enrolled stays; run the command again to go on."
            raise CommandError(message, returncode=130) from None
        self.stdout.write(_as_json(summary) if options["json"] else _in_words(summary))
        if not summary.enrolled and not summary.unchanged:
            sys.exit(1)

    def _enrol(self, plan: folders.Plan, options: Options) -> bulk.Summary:
        for refused in plan.refused:
            self._report(refused)
        with tqdm(total=plan.total, unit=" photos", file=sys.stderr, disable=None) as bar:

            def looked(note: folders.Note | None) -> None:
                bar.update()
                if note is not None:
                    self._report(note)

            return bulk.enrol(plan, options, looked)

    def _report(self, note: folders.Note) -> None:
        path = str(note.path).encode(errors="replace").decode()
        with tqdm.external_write_mode(file=sys.stderr):
            self.stderr.write(f"{path}: {_sentence(note)}")


def _scan(folder: Path) -> folders.Plan:
    try:
        plan = folders.scan(folder)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise CommandError(f"The folder {folder} cannot be read: {reason}.") from error
    if not plan.photos and not plan.refused:
        raise CommandError(f"There is nothing in {folder}; it should hold a folder per person.")
    return plan


def _sentence(note: folders.Note) -> str:
    """What a note says, with the option that helps."""
    said = noted(note.code, note.params)
    return f"{said} {_OPTIONS[note.code]}" if note.code in _OPTIONS else said


def _as_json(summary: bulk.Summary) -> str:
    counts = {
        "people": summary.people,
        "enrolled": summary.enrolled,
        "unchanged": summary.unchanged,
        "passed_over": summary.passed_over,
    }
    notes = {"refused": summary.refused, "remarks": summary.remarks}
    return json.dumps({**counts, **{kind: list(map(_note, of)) for kind, of in notes.items()}})


def _note(note: folders.Note) -> dict[str, str]:
    return {"path": str(note.path), "reason": note.code, "message": _sentence(note)}


def _in_words(summary: bulk.Summary) -> str:
    lines = [
        f"People of this folder in the gallery: {summary.people}. Photos: {summary.enrolled} "
        f"enrolled, {summary.unchanged} unchanged, {len(summary.refused)} refused."
    ]
    if summary.remarks:
        lines.append(f"Enrolled with a remark: {len(summary.remarks)}.")
    if summary.passed_over:
        lines.append(f"Passed over, left behind by systems: {summary.passed_over}.")
    return "\n".join(lines)
