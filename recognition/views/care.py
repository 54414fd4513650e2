"""What is put right about people: two who are one, photos under the wrong name, who is hidden."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from recognition.forms.fields import numbers
from recognition.forms.people import PersonForm
from recognition.messages.care import moved, refused
from recognition.models import EnrolledFace, Finding, Merge, Person
from recognition.services.gallery import listing, merging, moving, unmerging
from recognition.services.gallery import people as service
from recognition.services.refusals import Refused
from recognition.views.requests import Request, form_methods, may_manage_people
from recognition.views.to_look_at import back_to

FOUND = 24
"""People among whom one is chosen: of more, the name says too little."""


@may_manage_people
@require_POST
def person_hide(request: Request, pk: int) -> HttpResponse:
    """Or have named again, by what the button says."""
    person = get_object_or_404(Person, pk=pk)
    hidden = request.POST.get("hidden") == "on"
    service.hide(person, request.user, hidden=hidden)
    said = (
        _("%(name)s is hidden: no answer names them.") if hidden else _("%(name)s is named again.")
    )
    messages.success(request, said % {"name": person})
    return redirect("person", pk)


@may_manage_people
@require_POST
def face_portrait(request: Request, pk: int) -> HttpResponse:
    face = get_object_or_404(EnrolledFace.objects.select_related("person"), pk=pk)
    service.choose_portrait(face, request.user)
    messages.success(request, _("This photo is shown for %(name)s now.") % {"name": face.person})
    return redirect("person", face.person_id)


@may_manage_people
@form_methods
def person_merge(request: Request, pk: int) -> HttpResponse:
    """Whom with, and then which of the two entries stays."""
    person = get_object_or_404(Person, pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    other = Person.objects.filter(pk__in=numbers([sent.get("with", "")])).first()
    if other is None:
        context = {"person": person, **_choice(request, person)}
        return render(request, "people/merge.html", context)
    if request.method == "POST":
        return _merge(request, person, other)
    both = listing.listed(Person.objects.filter(pk__in=(person.pk, other.pk)))
    larger_first = sorted(both, key=attrgetter("photos"), reverse=True)
    context = {"person": person, "other": other, "both": larger_first}
    return render(request, "people/merge_confirm.html", context)


def _merge(request: Request, person: Person, other: Person) -> HttpResponse:
    stays, goes = person, other
    if request.POST.get("stays") == str(other.pk):
        stays, goes = other, person
    try:
        merging.merge(goes, stays, request.user)
    except Refused as error:
        messages.error(request, refused(error.code, error.params))
        return redirect("person", person.pk)
    said = _("%(gone)s is merged with %(name)s. It can be undone on their page.")
    messages.success(request, said % {"gone": goes, "name": stays})
    return _back(request, stays)


@may_manage_people
@require_POST
def merge_undo(request: Request, pk: int) -> HttpResponse:
    merge = get_object_or_404(Merge, pk=pk)
    try:
        back = unmerging.undo(merge, request.user)
    except Refused as error:
        messages.error(request, refused(error.code, error.params))
        return redirect("person", merge.person_id)
    messages.success(request, _("%(name)s is a separate entry again.") % {"name": back})
    return redirect("person", back.pk)


@may_manage_people
@form_methods
def photos_move(request: Request, pk: int) -> HttpResponse:
    """To whom the chosen photos go."""
    person = get_object_or_404(Person, pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    faces = person.faces.filter(pk__in=numbers(sent.getlist("face")))
    if not faces:
        messages.info(request, _("Choose the photos first."))
        return redirect("person", pk)
    if request.method == "POST":
        return _move(request, person, faces)
    context = {"person": person, "faces": faces, **_choice(request, person)}
    return render(request, "people/move.html", context)


def _move(request: Request, person: Person, faces: QuerySet[EnrolledFace]) -> HttpResponse:
    to, count = numbers([request.POST.get("to", "")]), faces.count()
    new = PersonForm({"name": request.POST.get("name", "")})
    if not to and not new.is_valid():
        messages.error(request, " ".join(map(str, chain(*new.errors.values()))))
        return redirect("person", person.pk)
    try:
        if to:
            owner = get_object_or_404(Person, pk__in=to)
            moving.move(faces, owner, request.user)
        else:
            owner = moving.split(faces, new.cleaned_data["name"], request.user)
    except Refused as error:
        messages.error(request, refused(error.code, error.params))
    else:
        messages.success(request, moved(count, str(owner)))
    return _back(request, person)


def _back(request: Request, person: Person) -> HttpResponse:
    """To what is to be looked at, if the button was there."""
    kind = request.POST.get("from", "")
    if kind in Finding.Kind:
        return back_to(kind)
    return redirect("person", person.pk)


def _choice(request: Request, person: Person) -> dict[str, object]:
    """Other people, by words or, without any, those who look like the same."""
    query = request.GET.get("q", "").strip()
    found = service.found(query) if query else listing.perhaps_the_same(person)
    others = listing.listed(found.exclude(pk=person.pk))
    return {"query": query, "found": others[:FOUND]}
