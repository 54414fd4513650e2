from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from recognition.management.base import SiteCommand
from recognition.services.work.retrying import retry_all


class Command(SiteCommand):
    help = "Tries those photos again that failed and whose uploaded bytes are still kept."

    def handle(self, **options: Any) -> None:
        waiting = retry_all()
        words = _("Photos that wait again: %d.") % waiting
        self.conclude({"waiting": waiting}, words, as_json=options["json"])
