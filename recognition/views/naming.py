"""“This is …”: a face of an answer, and whose it is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.consent import AgreedForm
from recognition.forms.naming import WhomForm
from recognition.messages.photos import refusal
from recognition.models import Enrolment, Person, ProbeFace, Proposal
from recognition.presenters import naming as shown
from recognition.services import access
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.gallery.people import NameTaken
from recognition.services.identification import reading
from recognition.services.review import naming, proposals
from recognition.views.requests import Request, face_address, form_methods, may_manage_people

PAGE = 24


@form_methods
def face_name(request: Request, pk: int) -> HttpResponse:
    """Whose face is it? POST enrols it, or proposes to."""
    face = get_object_or_404(_nameable(request), pk=pk)
    if request.method == "POST":
        return _said(request, face)
    return _page(request, face, _form(request, face), AgreedForm())


@require_safe
def face_state(request: Request, pk: int) -> HttpResponse:
    """What became of a face: the part of its card that looks for news."""
    face = get_object_or_404(_nameable(request), pk=pk)
    return render(request, "naming/_state.html", {"face": face})


@may_manage_people
@require_POST
def face_take_back(request: Request, pk: int) -> HttpResponse:
    face = get_object_or_404(_nameable(request), pk=pk)
    if naming.take_back(face, request.user):
        messages.success(request, _("The photo was removed."))
    return redirect(_back(request, face))


@may_manage_people
@require_safe
def proposed(request: Request) -> HttpResponse:
    """Faces that reviewers propose to enrol."""
    page = Paginator(proposals.waiting(), PAGE).get_page(request.GET.get("page"))
    return render(request, "naming/proposed.html", {"page": page})


@require_POST
def proposal_decline(request: Request, pk: int) -> HttpResponse:
    faces = access.nameable_probes(request.user)
    proposal = get_object_or_404(Proposal.objects.filter(face__in=faces), pk=pk)
    proposals.decline(proposal, request.user)
    messages.success(request, _("The face is not enrolled."))
    return redirect("proposed" if request.user.is_operator else face_address(proposal.face))


def _nameable(request: Request) -> QuerySet[ProbeFace]:
    faces = access.nameable_probes(request.user).select_related("identification")
    return faces.prefetch_related(*reading.said_since())


def _form(request: Request, face: ProbeFace) -> WhomForm:
    data = request.POST if request.method == "POST" else None
    people = shown.offered(face, request.user)
    return WhomForm(data, people, proposal=not request.user.is_operator)


def _page(request: Request, face: ProbeFace, form: WhomForm, consented: AgreedForm) -> HttpResponse:
    words = request.GET.get("q", str(face.proposal or "")).strip()
    context: dict[str, Any] = {
        "face": face,
        "form": form,
        "consented": consented,
        "words": words,
        "found": shown.found(face, request.user, words),
        "may_look_up": access.may_look_up_people(request.user),
        "portraits": access.may_look_at_portraits(request.user),
        "back": _back(request, face),
    }
    page = "naming/_found.html" if request.htmx else "naming/name.html"
    return render(request, page, context, status=422 if form.errors or consented.errors else 200)


def _said(request: Request, face: ProbeFace) -> HttpResponse:
    form, consented = _form(request, face), AgreedForm(request.POST)
    if not (form.is_valid() and consented.is_valid()):
        return _page(request, face, form, consented)
    agreed, force = consented.agreed(), form.cleaned_data["force"]
    try:
        done = naming.say(face, form.whom(), request.user, agreed=agreed, force=force)
    except EnrolmentRefused as error:
        form.add_error(None, refusal(error.code))
        return _page(request, face, form, consented)
    except NameTaken:
        form.add_error("name", _("There is a person with this name and external id already."))
        return _page(request, face, form, consented)
    messages.success(request, _thanks(done))
    return redirect(_back(request, face, done.person))


def _thanks(done: Enrolment | Proposal) -> str:
    if isinstance(done, Enrolment):
        return _("This face is being enrolled as %(name)s.") % {"name": done.person}
    return _("An operator decides whether this face is enrolled as %(name)s.") % {"name": done}


def _back(request: Request, face: ProbeFace, person: Person | None = None) -> str:
    """The answer, for whoever may see it; else the person, or where proposals are."""
    visible = access.visible_identifications(request.user)
    if visible.filter(pk=face.identification_id).exists():
        return face_address(face)
    return reverse("person", args=[person.pk]) if person else reverse("proposed")
