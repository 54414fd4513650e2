from __future__ import annotations

import shutil

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from facesite import space
from recognition.services import access
from recognition.services.site import status as service
from recognition.services.work.retrying import retry_all
from recognition.views.requests import Request, operators_only

UP = "python manage.py up"


@require_safe
def status(request: Request) -> HttpResponse:
    """How the site is doing, for those whose work depends on it."""
    if not access.has_staff_role(request.user):
        raise PermissionDenied
    disk = shutil.disk_usage(settings.DATA_DIR)
    context = {
        "site": service.site(),
        "disk": disk,
        "low_on_space": space.state() != space.Space.OK,
        "up": UP,
    }
    return render(request, "status.html", context)


@operators_only
@require_POST
def retry_failed(_request: Request) -> HttpResponse:
    """Try everything again that failed and is still there."""
    retry_all()
    return redirect("status")
