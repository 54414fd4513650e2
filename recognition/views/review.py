"""Where reviewers work: one face after the other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.fields import numbers
from recognition.forms.review import QueueFilter, VerdictForm
from recognition.messages.photos import refusal
from recognition.messages.review import verdict_refused
from recognition.models import ProbeFace
from recognition.presenters import reviews
from recognition.services import access
from recognition.services.gallery import listing
from recognition.services.gallery import people as gallery
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.review import naming, queue, verdicts
from recognition.services.review.verdicts import VerdictRefused
from recognition.views.requests import Request, form_methods, may_review

AHEAD = 3
"""The face that is looked at, and those that the page has already when it is judged."""
FOUND = 8


@may_review
@require_safe
def review(request: Request) -> HttpResponse:
    """The next faces to review, held for whoever asks."""
    chosen = QueueFilter(request.GET)
    last = next(iter(numbers(request.GET.getlist("after"))), None)
    faces = queue.take(chosen.queue(), request.user, AHEAD, last, again=True)
    return _shown(request, "review/review.html", faces)


@may_review
@form_methods
def review_face(request: Request, pk: int) -> HttpResponse:
    """This very face, whoever has judged it before; POST is what somebody says of it."""
    face = get_object_or_404(access.visible_probes(request.user), pk=pk)
    if request.method == "POST":
        return _judge(request, face)
    queue.hold(pk, request.user)
    return _shown(request, "review/review.html", [pk])


def _shown(request: Request, page: str, faces: Collection[int]) -> HttpResponse:
    chosen = QueueFilter(request.GET)
    context = {
        "cards": reviews.cards(faces, request.user),
        "form": chosen,
        "query": chosen.query,
        "left": chosen.queue().left(),
        "counted": queue.COUNTED,
        "judged": numbers(request.GET.getlist("done")),
        "may_look_up": access.may_look_up_people(request.user),
        **_found(request),
    }
    return render(request, page, context)


def _judge(request: Request, face: ProbeFace) -> HttpResponse:
    form = VerdictForm(request.POST, user=request.user, face=face)
    try:
        if form.skipped:
            queue.let_go(face.pk, request.user)
        else:
            said = form.said()
            naming.judge(face, request.user, *said, enrol=form.cleaned_data["enrol"])
    except VerdictRefused as refused:
        return _refused(request, verdict_refused(refused.code), face)
    except EnrolmentRefused as refused:
        return _refused(request, refusal(refused.code), face)
    if request.htmx:
        return _following(request, face)
    done = [] if form.skipped else [face.pk]
    return redirect(same_filter(request, "review", after=[face.pk], done=done))


def _refused(request: Request, sentence: str, face: ProbeFace) -> HttpResponse:
    if request.htmx:
        return HttpResponse(sentence, status=409, content_type="text/plain")
    messages.error(request, sentence)
    return redirect(same_filter(request, "review_face", face.pk))


def _following(request: Request, face: ProbeFace) -> HttpResponse:
    """The face that comes after those which the page has already."""
    last = next(iter(numbers(request.POST.getlist("after"))), face.pk)
    faces = queue.take(QueueFilter(request.GET).queue(), request.user, 1, last)
    return _shown(request, "review/_next.html", faces)


def same_filter(request: Request, name: str, *args: object, **more: Collection[int]) -> str:
    """The address of a page with what is chosen on this one."""
    query = QueryDict(QueueFilter(request.GET).query, mutable=True)
    for key, values in more.items():
        query.setlist(key, [str(value) for value in values])
    return f"{reverse(name, args=args)}?{query.urlencode()}"


@may_review
@require_POST
def review_undo(request: Request) -> HttpResponse:
    """Take back what was just said, of one face or of several at once."""
    faces = list(ProbeFace.objects.filter(pk__in=numbers(request.POST.getlist("face"))))
    try:
        for face in faces:
            verdicts.undo(face, request.user)
    except VerdictRefused as refused:
        return _refused(request, verdict_refused(refused.code), face)
    if request.htmx:
        return _shown(request, "review/_next.html", [face.pk for face in faces])
    if len(faces) == 1:
        return redirect(same_filter(request, "review_face", faces[0].pk))
    return redirect(same_filter(request, "review_grid"))


@may_review
@require_POST
def review_hold(request: Request) -> HttpResponse:
    """Somebody still looks at these faces."""
    queue.go_on(numbers(request.POST.getlist("face")), request.user)
    return HttpResponse(status=204)


@may_review
@require_safe
def review_people(request: Request) -> HttpResponse:
    """People of the gallery whose name has these words, to say that a face is one of them."""
    if not access.may_look_up_people(request.user):
        raise PermissionDenied
    return render(request, "review/_people.html", _found(request))


def _found(request: Request) -> dict[str, Any]:
    words = request.GET.get("q", "").replace("\0", "").strip()  # PostgreSQL takes none
    if not words or not access.may_look_up_people(request.user):
        return {}
    people = list(gallery.found(words).order_by("name", "external_id")[:FOUND])
    best = listing.portraits(people) if access.may_look_at_portraits(request.user) else {}
    return {"words": words, "found": [(person, best.get(person.pk)) for person in people]}
