from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recognition.management.versions import require_model
from recognition.messages.photos import refusal
from recognition.services.gallery import folders


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
            "--json", action="store_true", help="end with one JSON object, for programs"
        )

    def handle(self, **options: Any) -> None:
        plan = _scan(options["folder"])
        require_model()
        try:
            summary = self._enrol(plan, largest=options["largest"])
        except KeyboardInterrupt:
            message = "Stopped. What is enrolled stays; run the command again to go on."
            raise CommandError(message, returncode=130) from None
        self.stdout.write(_as_json(summary) if options["json"] else _in_words(summary))
        if not summary.enrolled and not summary.unchanged:
            sys.exit(1)

    def _enrol(self, plan: folders.Plan, *, largest: bool) -> folders.Summary:
        for refused in plan.refused:
            self._report(refused)
        with tqdm(total=plan.total, unit=" photos", file=sys.stderr, disable=None) as bar:

            def looked(refused: folders.RefusedPath | None) -> None:
                bar.update()
                if refused is not None:
                    self._report(refused)

            return folders.enrol(plan, largest=largest, looked=looked)

    def _report(self, refused: folders.RefusedPath) -> None:
        path = str(refused.path).encode(errors="replace").decode()
        with tqdm.external_write_mode(file=sys.stderr):
            self.stderr.write(f"{path}: {refusal(refused.code, refused.params)}")


def _scan(folder: Path) -> folders.Plan:
    try:
        plan = folders.scan(folder)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise CommandError(f"The folder {folder} cannot be read: {reason}.") from error
    if not plan.photos and not plan.refused:
        raise CommandError(f"There is nothing in {folder}; it should hold a folder per person.")
    return plan


def _as_json(summary: folders.Summary) -> str:
    refused = [
        {
            "path": str(refused.path),
            "reason": refused.code,
            "message": refusal(refused.code, refused.params),
        }
        for refused in summary.refused
    ]
    counts = {
        "people": summary.people,
        "enrolled": summary.enrolled,
        "unchanged": summary.unchanged,
        "passed_over": summary.passed_over,
    }
    return json.dumps({**counts, "refused": refused})


def _in_words(summary: folders.Summary) -> str:
    lines = [
        f"People of this folder in the gallery: {summary.people}. Photos: {summary.enrolled} "
        f"enrolled, {summary.unchanged} unchanged, {len(summary.refused)} refused."
    ]
    if summary.passed_over:
        lines.append(f"Passed over, left behind by systems: {summary.passed_over}.")
    return "\n".join(lines)
