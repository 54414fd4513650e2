from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.utils.translation import gettext_lazy as _


class RecognitionConfig(AppConfig):
    default = True
    name = "recognition"
    verbose_name = _("Recognition")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from recognition import checks  # noqa: F401, PLC0415  (registers the system checks)
        from recognition.services.photos import files  # noqa: F401, PLC0415  (their receivers)
        from recognition.services.site import (  # noqa: PLC0415  (their receivers)
            accounts,  # noqa: F401
            entering,  # noqa: F401
        )


class AdminConfig(SimpleAdminConfig):
    """Loads no admin modules by itself: the worker needs none, and urls.py asks for them."""

    default_site = "recognition.admin_site.AdminSite"
