from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.management.versions import classes_in_words, switching, version_named
from recognition.messages.versions import gate_in_words
from recognition.models import ModelVersion
from recognition.services.promotion import serving


class Command(SiteCommand):
    help = gettext_noop(
        "Puts a model version into service: embeds every enrolled face under it, then switches. "
        "Run again, it continues where it was stopped. Against the gate it takes --force and a "
        "--reason, which is kept in the audit log. Of a version that answers by its classes, "
        "those who are not in the gallery are enrolled, with some of the photos that it was "
        "trained on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", metavar="V")
        parser.add_argument("--quiet", action="store_true", help=_("show no progress"))
        parser.add_argument(
            "--force",
            action="store_true",
            help=_("although it did not pass the gate; with --reason"),
        )
        parser.add_argument("--reason", default="", metavar="R", help=_("why, for the audit log"))
        decides = parser.add_mutually_exclusive_group()
        decides.add_argument(
            "--open-set",
            action="store_true",
            default=None,
            help=_("by its classes: name nobody below the threshold"),
        )
        decides.add_argument(
            "--closed-set",
            action="store_false",
            dest="open_set",
            help=_("by its classes: always name the likeliest"),
        )

    def handle(self, **options: Any) -> None:
        version = version_named(options["version"])
        if version.state == ModelVersion.State.ACTIVE:
            raise CommandError(_("%(version)s is in service already.") % {"version": version})
        if options["force"] != bool(options["reason"].strip()):
            raise CommandError(_("--force and --reason R go together: the reason is kept."))
        if version.gate and not options["json"]:
            self.stdout.write(gate_in_words(version.gate))
        terms = serving.Terms(options["reason"], options["open_set"])
        with switching(quiet=options["quiet"]) as progress:
            embedded = serving.serve(version, None, progress, terms=terms)
        if embedded.lost:
            self.stderr.write(
                _(
                    "Enrolled faces without a readable crop, which are not in its gallery: %d. "
                    "Enrol their photos again."
                )
                % len(embedded.lost)
            )
        found = {"version": version.name, "embedded": embedded.faces, "lost": len(embedded.lost)}
        lines = [_("%(version)s is in service. Faces embedded for it: %(embedded)d.") % found]
        if version.answers_by == ModelVersion.AnswersBy.CLASSES:
            lines += classes_in_words(version)
        self.conclude(found, "\n".join(lines), as_json=options["json"])
