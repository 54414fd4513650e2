from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from facesite import sealing
from recognition.management.base import SiteCommand
from recognition.management.terminal import progress_bar
from recognition.services.privacy.keys import rotate


class Command(SiteCommand):
    help = gettext_noop(
        "Encrypts all photos, crops, portraits and embeddings with the first of FACESITE_KEYS, or, "
        "without FACESITE_ENCRYPT, undoes that. The site may keep running. Run it again if it was "
        "stopped."
    )

    def handle(self, **options: Any) -> None:
        with progress_bar(_("stored"), quiet=options["json"]) as progress:
            rotated = rotate(progress)
        said = _("Converted: %(files)d files and %(embeddings)d embeddings.")
        self.stdout.write(said % asdict(rotated))
        if not rotated.lost:
            self.stdout.write(_needed())
        if options["json"]:
            self.stdout.write(json.dumps({**asdict(rotated), "keys": sealing.numbers()}))
        if rotated.lost:
            raise CommandError(
                _(
                    "Could not be opened, and left as they are: %d. Are all old keys in "
                    "FACESITE_KEYS?"
                )
                % rotated.lost
            )


def _needed() -> str:
    """Which keys there is nothing left for."""
    used, *others = sealing.numbers() if settings.ENCRYPT else ["", *sealing.numbers()]
    under = _("Everything is under key %s.") % used if used else _("Nothing is encrypted.")
    if not others:
        return under
    needless = _("Nothing here needs %s any more, but earlier backups do.") % ", ".join(others)
    return f"{under} {needless}"
