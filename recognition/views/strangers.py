from __future__ import annotations

from typing import Final, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import user_passes_test
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from recognition.confirmation import confirmed
from recognition.forms.consent import AgreedForm
from recognition.forms.strangers import TickedForm, WhoForm
from recognition.messages.strangers import stranger_refused
from recognition.models import Stranger, User
from recognition.services import access
from recognition.services.gallery import people
from recognition.services.strangers import naming, reading, sorting
from recognition.services.strangers.sorting import StrangerRefused
from recognition.views.requests import Request, form_methods, may_manage_people

PAGE: Final = 24
FACES: Final = 60
FOUND: Final = 12
"""People who are offered for a name; the search makes them fewer."""
SHOWN: Final = {
    "": reading.nameless,
    "ignored": lambda: reading.nameless(ignored=True),
    "named": reading.named,
}


def _is_staff(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this is a reviewer or an operator; others are told that they may not."""
    if not access.has_staff_role(cast(User, user)):
        raise PermissionDenied
    return True


staff_only = user_passes_test(_is_staff)


@staff_only
@require_safe
def strangers(request: Request) -> HttpResponse:
    """Who was seen more than once and has no name."""
    shown = request.GET.get("show", "")
    page = Paginator(SHOWN.get(shown, reading.nameless)(), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "seen": reading.of(page),
        "show": shown,
        "switched_off": not settings.RECURRING,
    }
    return render(request, "strangers/strangers.html", context)


@staff_only
@require_safe
def stranger(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(reading.counted().select_related("person", "named_by"), pk=pk)
    page = Paginator(reading.faces_of(row), FACES).get_page(request.GET.get("page"))
    (seen,) = reading.of([row])
    context = {"stranger": row, "page": page, "askers": seen.askers}
    return render(request, "strangers/stranger.html", context)


@staff_only
@require_POST
def stranger_part(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Stranger, pk=pk)
    try:
        other = sorting.part(row, TickedForm(request.POST, row).faces(), request.user)
    except StrangerRefused as refused:
        return _refused(request, row, refused)
    messages.success(request, _("Separated. These faces are a stranger of their own now."))
    return redirect("stranger", other.pk)


@staff_only
@require_POST
def stranger_ignore(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(Stranger, pk=pk)
    ignored = request.POST.get("ignored") == "on"
    try:
        sorting.ignore(row, request.user, ignored=ignored)
    except StrangerRefused as refused:
        return _refused(request, row, refused)
    said = _("Ignored, in future photos too.") if ignored else _("Shown again.")
    messages.success(request, said)
    return redirect("strangers")


@staff_only
@form_methods
@confirmed
def stranger_forget(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(reading.counted(), pk=pk)
    if request.method != "POST":
        return render(request, "strangers/confirm_forget.html", {"stranger": row})
    try:
        sorting.forget(row, request.user)
    except StrangerRefused as refused:
        return _refused(request, row, refused)
    messages.success(
        request, _("Forgotten. The photos stay in the history of whoever uploaded them.")
    )
    return redirect("strangers")


@may_manage_people
@form_methods
def stranger_name(request: Request, pk: int) -> HttpResponse:
    """Say who it is: somebody who is looked for, or somebody new."""
    row = get_object_or_404(reading.counted(), pk=pk)
    data = request.POST if request.method == "POST" else None
    form, consented = WhoForm(data), AgreedForm(data)
    if data is None or not (form.is_valid() and consented.is_valid()):
        return _name_page(request, row, form, consented)
    try:
        faces = naming.name(row, form.whom(), request.user, consented.agreed())
    except StrangerRefused as refused:
        form.add_error(None, stranger_refused(refused.code))
        return _name_page(request, row, form, consented)
    said = ngettext(
        "Found to be %(name)s. %(faces)d face is being enrolled.",
        "Found to be %(name)s. %(faces)d faces are being enrolled.",
        faces,
    )
    messages.success(request, said % {"name": form.whom(), "faces": faces})
    return redirect("stranger", pk)


def _name_page(
    request: Request, row: Stranger, form: WhoForm, consented: AgreedForm
) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    found = people.found(query).order_by("name", "external_id")[:FOUND] if query else ()
    context = {
        "stranger": row,
        "faces": reading.faces_of(row)[: reading.SHOWN],
        "form": form,
        "consented": consented,
        "query": query,
        "found": found,
    }
    return render(request, "strangers/name.html", context, status=422 if form.is_bound else 200)


@may_manage_people
@require_POST
def stranger_unname(request: Request, pk: int) -> HttpResponse:
    naming.take_back(get_object_or_404(Stranger, pk=pk), request.user)
    messages.success(
        request, _("The name was taken back, and what was enrolled under it was removed.")
    )
    return redirect("stranger", pk)


def _refused(request: Request, row: Stranger, refused: StrangerRefused) -> HttpResponse:
    messages.error(request, stranger_refused(refused.code))
    there = Stranger.objects.filter(pk=row.pk).exists()
    return redirect("stranger", row.pk) if there else redirect("strangers")
