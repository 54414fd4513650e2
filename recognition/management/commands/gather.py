from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.errors import ArtifactError
from recognition.management.base import BackgroundCommand
from recognition.management.versions import trouble
from recognition.services.strangers import gathering


class Command(BackgroundCommand):
    help = gettext_noop(
        "Groups unknown faces that are probably of one person. The site does it by itself as "
        "photos come in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quiet", action="store_true", help=_("say nothing"))

    def handle(self, *, quiet: bool, **options: Any) -> None:
        try:
            faces = gathering.gather()
        except ArtifactError as error:
            raise CommandError(trouble(error)) from error
        if not quiet:
            words = _("New faces grouped into strangers: %d.") % faces
            self.conclude({"faces": faces}, words, as_json=options["json"])
