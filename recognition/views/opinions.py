from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from recognition.forms.opinions import OpinionForm
from recognition.messages.review import verdict_refused
from recognition.models import ProbeFace
from recognition.presenters import naming as shown
from recognition.services.review import opinions
from recognition.services.review.opinions import OpinionRefused
from recognition.views.requests import Request, face_address

TAKEN_BACK = "nothing"


@require_POST
def opinion(request: Request, pk: int) -> HttpResponse:
    """What somebody says of the answer to their own photo."""
    own = ProbeFace.objects.filter(identification__user=request.user)
    face = get_object_or_404(own.select_related("identification"), pk=pk)
    form = OpinionForm(request.POST, shown.shown(face, request.user))
    try:
        _keep(request, face, form)
    except OpinionRefused as refused:
        messages.error(request, verdict_refused(refused.code))
    return redirect(face_address(face))


def _keep(request: Request, face: ProbeFace, form: OpinionForm) -> None:
    if not form.is_valid():
        raise OpinionRefused("person_missing")
    said = form.cleaned_data
    if said["says"] == TAKEN_BACK:
        opinions.take_back(face, request.user)
        return
    opinions.give(face, request.user, said["says"], person=said["person"], name=said["name"])
    messages.success(request, _("Thank you. Reviewers see what you said."))
