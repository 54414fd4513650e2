from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from recognition.models import Trial
from recognition.presenters.progress import Progress
from recognition.presenters.trials import faces
from recognition.services import access
from recognition.services.identification.reading import badge_radius
from recognition.views.news import held_until_news
from recognition.views.requests import Request, operators_only


def _own(request: Request, pk: UUID) -> QuerySet[Trial]:
    return access.visible_trials(request.user).filter(pk=pk)


@operators_only
@require_safe
@held_until_news(_own)
def trial(request: Request, pk: UUID) -> HttpResponse:
    """One photo, and what the candidate says beside the version in service."""
    row = get_object_or_404(_own(request, pk).select_related("model_version"))
    context = {
        "trial": row,
        "progress": Progress([row]),
        "faces": faces(row, access.others_shown(request.user)),
        "badge": badge_radius(row.width, row.height),
    }
    return render(request, "trials/_trial.html" if request.htmx else "trials/trial.html", context)
