from __future__ import annotations

import csv
from collections.abc import Iterator
from uuid import UUID

from django.contrib import messages
from django.http import (
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.imports import ChoiceForm, ImportForm
from recognition.messages.imports import not_taken
from recognition.models import Import, ImportFile
from recognition.presenters.imports import FileLine, ImportPage, report
from recognition.services.gallery import imports, staged
from recognition.services.refusals import Refused
from recognition.views.requests import Request, downloaded, form_methods, may_manage_people


@may_manage_people
@form_methods
def people_import(request: Request) -> HttpResponse:
    """Choose an archive or a folder, and say what the people in it have agreed to."""
    if request.method != "POST":
        return _form_page(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    agreed, everybody = form.agreed(), form.cleaned_data["everybody"]
    try:
        with imports.begun(request.user, agreed, everybody=everybody) as batch:
            _take(batch, form)
    except Refused as refused:
        form.add_error("archive", not_taken(refused.code, refused.params))
        return _form_page(request, form, status=422)
    return redirect("import", batch.pk)


def _take(batch: Import, form: ImportForm) -> None:
    """What was sent with the form. A folder follows, and only then everything is looked at."""
    archive, table = form.cleaned_data["archive"], form.cleaned_data["table"]
    if table:
        staged.add_files(batch, [table.name], [table])
    if archive:
        staged.add_archive(batch, archive)
        imports.request_look(batch)


def _form_page(request: Request, form: ImportForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "open": request.user.imports.all()}
    return render(request, "imports/form.html", context, status=status)


def _own(request: Request, pk: UUID) -> Import:
    return get_object_or_404(Import, pk=pk, requested_by=request.user)


@may_manage_people
@require_safe
def people_import_page(request: Request, pk: UUID) -> HttpResponse:
    """How far an import is; what would come of it, to choose; what came of it."""
    page = ImportPage(_own(request, pk), request.GET.get("page"))
    if request.htmx and request.GET.get("state") == page.state:
        return HttpResponse(status=204)
    name = "imports/_import.html" if request.htmx else "imports/import.html"
    return render(request, name, {"item": page})


@may_manage_people
@form_methods
def people_import_files(request: Request, pk: UUID) -> HttpResponse:
    """Some files of a folder, as its page sends them; before that it asks which are there."""
    batch = _own(request, pk)
    if request.method != "POST":
        return JsonResponse({"paths": list(batch.files.values_list("path", flat=True))})
    paths, files = request.POST.getlist("path"), request.FILES.getlist("file")
    if len(paths) != len(files) or batch.runs.exists():
        return HttpResponseBadRequest()
    try:
        staged.add_files(batch, paths, files)
    except Refused as refused:
        return HttpResponse(not_taken(refused.code, refused.params), status=409)
    return HttpResponse(status=204)


@may_manage_people
@require_POST
def people_import_look(request: Request, pk: UUID) -> HttpResponse:
    """Everything was sent."""
    imports.request_look(_own(request, pk))
    return redirect("import", pk)


@may_manage_people
@require_POST
def people_import_enrol(request: Request, pk: UUID) -> HttpResponse:
    imports.request_enrolment(_own(request, pk), request.user)
    return redirect("import", pk)


@may_manage_people
@require_POST
def people_import_drop(request: Request, pk: UUID) -> HttpResponse:
    imports.drop(_own(request, pk))
    messages.success(request, _("The import was discarded. Who is enrolled stays enrolled."))
    return redirect("people_import")


@may_manage_people
@require_POST
def people_import_choose(request: Request, key: int) -> HttpResponse:
    """What is wanted of a photo that cannot be enrolled as it is."""
    file = get_object_or_404(ImportFile, pk=key, batch__requested_by=request.user)
    form = ChoiceForm(request.POST)
    item = ImportPage(file.batch)
    if form.is_valid() and item.ready:
        imports.choose(file, **form.cleaned_data)
    if not request.htmx:
        return redirect("import", file.batch_id)
    return render(request, "imports/_chosen.html", {"line": FileLine(file), "item": item})


@may_manage_people
@require_safe
def people_import_report(request: Request, pk: UUID) -> HttpResponseBase:
    """What came of each photo, as a table."""
    pieces = _as_csv(_own(request, pk))
    return downloaded(StreamingHttpResponse(pieces, content_type="text/csv"), "import.csv")


class _Echo:
    """What a writer of tables writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def _as_csv(batch: Import) -> Iterator[str]:
    """With a mark for Excel that it is UTF-8. No cell is one that it would take for a formula."""
    writer = csv.writer(_Echo())
    head = (_("File"), _("Person"), _("Outcome"), _("Reason"))
    yield "\ufeff" + writer.writerow(head)
    for row in report(batch):
        yield writer.writerow([f"'{cell}" if cell[:1] in {*"=+-@"} else cell for cell in row])
