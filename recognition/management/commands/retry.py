from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recognition.management.base import SiteCommand
from recognition.services.work.retrying import retry_all


class Command(SiteCommand):
    help = gettext_noop(
        "Tries again the photos that failed and whose uploaded bytes are still kept."
    )

    def handle(self, **options: Any) -> None:
        waiting = retry_all()
        words = _("Photos that wait again: %d.") % waiting
        self.conclude({"waiting": waiting}, words, as_json=options["json"])
