from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.services.site.sweeping import sweep, tidy


class Command(SiteCommand):
    help = gettext_noop(
        "Sends waiting photos to the worker once more, and ends those that have no hope left."
    )

    def handle(self, **options: Any) -> None:
        tidy()
        swept = sweep()
        words = _("Sent again: %(requeued)d, ended as failed: %(failed)d.") % asdict(swept)
        self.conclude(asdict(swept), words, as_json=options["json"])
