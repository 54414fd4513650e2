"""What is probably wrong in the gallery, with what to do about it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from recognition.models import Finding, FolderName
from recognition.services.gallery import findings, listing
from recognition.views.requests import Request, may_manage_people

PAGE: Final = 24
ONE_PHOTO, ALIASES = "one_photo", "aliases"
KINDS: Final = (
    *Finding.Kind.choices,
    (ONE_PHOTO, gettext_lazy("One photo only")),
    (ALIASES, gettext_lazy("Other folder names")),
)


@may_manage_people
@require_safe
def to_look_at(request: Request) -> HttpResponse:
    kind = request.GET.get("kind", "")
    kind = kind if kind in dict(KINDS) else Finding.Kind.DOUBLE
    page = Paginator(_found(kind), PAGE).get_page(request.GET.get("page"))
    counts = findings.counts()
    context = {
        "kind": kind,
        "kinds": [(name, label, counts.get(name, 0)) for name, label in KINDS],
        "page": page,
        "rows": _rows(kind, page),
        "own": findings.own_photos(),
        "looked": findings.looked_over(),
    }
    return render(request, "people/to_look_at.html", context)


def _found(kind: str) -> Any:
    if kind == ONE_PHOTO:
        return findings.with_one_photo()
    return findings.aliases() if kind == ALIASES else findings.unsettled(kind)


def _rows(kind: str, page: Page[Any]) -> list[Any]:
    """With the people as lists show them; nobody is looked up twice."""
    rows = list(page)
    if kind == ONE_PHOTO:
        return listing.page([person.pk for person in rows])
    if kind == ALIASES:
        return rows
    numbers = {number for row in rows for number in (row.person_id, row.other_id) if number}
    people = {person.pk: person for person in listing.page(sorted(numbers))}
    for row in rows:
        row.person, row.other = people[row.person_id], people.get(row.other_id)
    return rows


@may_manage_people
@require_POST
def finding_settle(request: Request, pk: int) -> HttpResponse:
    finding = get_object_or_404(Finding.objects.select_related("person", "other"), pk=pk)
    findings.settle(finding, request.user)
    messages.success(request, _("Remembered: you will not be asked about this again."))
    return back_to(finding.kind)


@may_manage_people
@require_POST
def alias_forget(request: Request, pk: int) -> HttpResponse:
    folder = get_object_or_404(FolderName.objects.select_related("person"), pk=pk)
    findings.forget_alias(folder, request.user)
    said = _("A folder called %(folder)s no longer belongs to anybody.") % {"folder": folder}
    messages.success(request, said)
    return back_to(ALIASES)


def back_to(kind: str) -> HttpResponse:
    return redirect(f"{reverse('to_look_at')}?kind={kind}")
