from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognition.confirmation import confirmed
from recognition.forms.consent import AgreedForm
from recognition.forms.people import EditForm, EnrolForm, PeopleFilter, PersonForm
from recognition.messages.photos import refusal
from recognition.models import (
    UNFINISHED,
    AuditEvent,
    EnrolledFace,
    Enrolment,
    Merge,
    Person,
    ProbeFace,
    Status,
)
from recognition.presenters.progress import Progress
from recognition.services import consent
from recognition.services.gallery import listing
from recognition.services.gallery import people as service
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.privacy import deletion, erasure
from recognition.services.review import proposals
from recognition.services.training.options import DataOptions
from recognition.views.news import held_until_news
from recognition.views.requests import Request, form_methods, may_manage_people, tell_refused

PAGE = 48
SHOWN_FOR = dt.timedelta(hours=1)


@may_manage_people
@require_safe
def people(request: Request) -> HttpResponse:
    form = PeopleFilter(request.GET)
    # All numbers at once: counting those found would look through all names a second time.
    found = form.people().values_list("pk", flat=True)
    page = Paginator(list(found), PAGE).get_page(request.GET.get("page"))
    query = request.GET.get("q", "").strip()
    context = {
        "form": form,
        "page": page,
        "query": query,
        "listed": listing.page(list(page)),
        "proposed": proposals.waiting().count(),
    }
    return render(request, "people/people.html", context)


@may_manage_people
@form_methods
def person_add(request: Request) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form, consented = PersonForm(data), AgreedForm(data)
    if not (form.is_valid() and consented.is_valid()):
        return _form_page(request, form, consented=consented)
    values, agreed = form.cleaned_data, consented.agreed()
    added = service.add_person(
        values["name"], request.user, external_id=values["external_id"], agreed=agreed
    )
    return redirect("person", added.pk)


@may_manage_people
@form_methods
def person_edit(request: Request, pk: int) -> HttpResponse:
    form = EditForm(
        request.POST if request.method == "POST" else None,
        instance=get_object_or_404(Person, pk=pk),
    )
    if not form.is_valid():
        return _form_page(request, form, get_object_or_404(Person, pk=pk))
    if form.has_changed():
        service.change_person(form.instance, request.user, form.changed_data)
        messages.success(request, _("Saved."))
    return redirect("person", pk)


def _form_page(
    request: Request,
    form: PersonForm,
    person: Person | None = None,
    consented: AgreedForm | None = None,
) -> HttpResponse:
    status = 422 if form.is_bound else 200
    namesake = form.namesake() if person and form.non_field_errors() else None
    context = {"form": form, "person": person, "consented": consented, "namesake": namesake}
    return render(request, "people/person_form.html", context, status=status)


def _new_photos(_request: Request, pk: int) -> QuerySet[Enrolment]:
    """What is under way, and what came of the last hour's photos."""
    lately = Q(finished_at__gte=timezone.now() - SHOWN_FOR)
    waiting = Q(status__in=UNFINISHED)
    return Enrolment.objects.filter(waiting | lately, person=pk)


@may_manage_people
@require_safe
@held_until_news(_new_photos)
def person(request: Request, pk: int) -> HttpResponse:
    """Whoever was merged away is found where they are now."""
    there = Person.objects.filter(pk=pk).first()
    if there is None:
        return redirect("person", get_object_or_404(Merge, gone=pk).person_id)
    return _person_page(request, there, EnrolForm(), AgreedForm())


def _person_page(
    request: Request, person: Person, form: EnrolForm, consented: AgreedForm, status: int = 200
) -> HttpResponse:
    """The page, or only its photos when they ask for news of those that wait to be enrolled."""
    enrolments = _new_photos(request, person.pk).select_related("face__person")
    progress = Progress(enrolments.order_by("created_at", "pk"))
    consents = list(person.consents.select_related("text", "taken_by", "withdrawn_by"))
    context = {
        "person": person,
        "faces": person.faces.select_related("resembles", "source").order_by("pk"),
        "merges": person.merges.all(),
        "enrolments": [row for row in progress.rows if row.status != Status.DONE],
        "progress": progress,
        "to_train": DataOptions().minimum,
        "form": form,
        "consented": consented,
        "consents": consents,
        "withdrawable": any(one.is_held for one in consents),
        "recognised": consent.may_enrol(person),
    }
    page = "people/_photos.html" if request.htmx else "people/person.html"
    return render(request, page, context, status=status)


@may_manage_people
@require_POST
def person_enrol(request: Request, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    form, consented = EnrolForm(request.POST, request.FILES), AgreedForm(request.POST)
    if not (form.is_valid() and consented.is_valid()):
        return _person_page(request, person, form, consented, status=422)
    values, agreed = form.cleaned_data, consented.agreed()
    try:
        requested = service.request_enrolment(
            person, values["photos"], request.user, force=values["force"], agreed=agreed
        )
    except EnrolmentRefused as error:
        form.add_error(None, refusal(error.code))
        return _person_page(request, person, form, consented, status=422)
    tell_refused(request, requested.refused, refusal)
    return redirect("person", pk)


@may_manage_people
@form_methods
@confirmed
def person_remove(request: Request, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    if request.method == "POST":
        name = str(person)
        event = erasure.remove_person(person, request.user)
        messages.success(request, _removed(name, event))
        return redirect("people")
    context = {
        "person": person,
        "photos": person.faces.count(),
        "answers": ProbeFace.objects.filter(person=person).count(),
        "asked": deletion.showing(person).count(),
    }
    return render(request, "people/confirm_remove.html", context)


def _removed(name: str, event: AuditEvent) -> SafeString:
    said = _("%(name)s was removed.") % {"name": name}
    address = reverse("erased", args=[event.number])
    return format_html('{} <a href="{}">{}</a>', said, address, _("Download the erasure report"))


@may_manage_people
@form_methods
def face_remove(request: Request, pk: int) -> HttpResponse:
    face = get_object_or_404(EnrolledFace.objects.select_related("person"), pk=pk)
    if request.method == "POST":
        erasure.remove_face(face, request.user)
        messages.success(request, _("The photo was removed."))
        return redirect("person", face.person_id)
    is_last = face.person.faces.count() == 1
    context = {"person": face.person, "face": face, "is_last": is_last}
    return render(request, "people/confirm_remove.html", context)
