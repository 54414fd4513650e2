from __future__ import annotations

import shutil

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from facesite import space
from recognition.models import ProbeFace
from recognition.presenters import figures
from recognition.services import access
from recognition.services.site import status
from recognition.views.requests import Request


@require_safe
def dashboard(request: Request) -> HttpResponse:
    """The site in figures, for reviewers and operators."""
    if not access.has_staff_role(request.user):
        raise PermissionDenied
    context = {
        "site": status.site(),
        "disk": shutil.disk_usage(settings.DATA_DIR),
        "low_on_space": space.state() != space.Space.OK,
        "to_review": ProbeFace.objects.filter(review="").count(),
        **figures.overview(),
    }
    return render(request, "dashboard.html", context)
