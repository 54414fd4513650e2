from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from recognition.models import UNFINISHED, EnrolledFace, Enrolment
from recognition.presenters import payoff
from recognition.services.gallery import reviewed
from recognition.views.requests import Request, form_methods, operators_only


@operators_only
@form_methods
def more_photos(request: Request) -> HttpResponse:
    """What more photos bring here, and the reviewed ones that can be enrolled; POST does so."""
    if request.method == "POST":
        return _enrol(request)
    waiting = Enrolment.objects.filter(status__in=UNFINISHED).exclude(probe=None)
    context = {
        "payoff": payoff.of_this_site(),
        "enrolled": EnrolledFace.objects.filter(from_review=True).count(),
        "waiting": waiting.count(),
    }
    page = "people/_more_photos.html" if request.htmx else "people/more_photos.html"
    return render(request, page, context)


def _enrol(request: Request) -> HttpResponse:
    photos = reviewed.request(request.user)
    said = ngettext(
        "%(photos)d reviewed photo is being enrolled.",
        "%(photos)d reviewed photos are being enrolled.",
        photos,
    )
    return _told(request, said, photos)


@operators_only
@require_POST
def more_photos_undo(request: Request) -> HttpResponse:
    """Take all reviewed photos out of the gallery again."""
    photos = reviewed.take_out(request.user)
    said = ngettext(
        "%(photos)d reviewed photo was taken out of the gallery.",
        "%(photos)d reviewed photos were taken out of the gallery.",
        photos,
    )
    return _told(request, said, photos)


def _told(request: Request, said: str, photos: int) -> HttpResponse:
    messages.success(request, said % {"photos": photos})
    return redirect("more_photos")
