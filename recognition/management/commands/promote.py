from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.evaluation import gate
from recognition.management.versions import put_into_service, version_named
from recognition.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Puts a model version into service: embeds every enrolled face under it, then switches. "
        "Goes on where it was stopped. The gate decides about trainings, not about operators: its "
        "verdict is printed, and stands in the audit log."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", metavar="V")
        parser.add_argument("--quiet", action="store_true", help="show no progress")

    def handle(self, **options: Any) -> None:
        version = version_named(options["version"])
        if version.state == ModelVersion.State.ACTIVE:
            raise CommandError(f"{version} is in service already.")
        if version.gate:
            self.stdout.write(gate.in_words(gate.Verdict.from_dict(version.gate)))
        embedded = put_into_service(version, quiet=options["quiet"])
        self.stdout.write(f"{version} is in service; {embedded.faces} faces were embedded.")
        if embedded.lost:
            self.stderr.write(
                f"{len(embedded.lost)} enrolled faces have no readable crop and are not in its "
                "gallery: enrol their photos again."
            )
