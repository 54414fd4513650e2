from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from recognition.forms.training import SiteFaces, TrainingForm
from recognition.messages.training import training_refused
from recognition.models import TrainingRun
from recognition.presenters.runs import Following
from recognition.presenters.versions import VersionPage
from recognition.services.training import faces, options, requests
from recognition.views.requests import Request, form_methods, operators_only

PAGE = 20


@operators_only
@form_methods
def training(request: Request) -> HttpResponse:
    """What was trained, and a form to start one more."""
    if request.htmx:
        return render(request, "training/_runs.html", _runs(request))
    if request.method != "POST":
        return _page(request, TrainingForm(site=site_faces()))
    form = TrainingForm(request.POST, site=site_faces())
    if not form.is_valid():
        return _page(request, form, status=422)
    return _start(request, form)


def _start(request: Request, form: TrainingForm) -> HttpResponse:
    try:
        run = requests.request(request.user, form.cleaned_data["architecture"], form.options())
    except options.TrainingRefused as refusal:
        form.add_error(None, training_refused(refusal.code, refusal.params))
        return _page(request, form, status=422)
    return redirect("training_run", run.name)


def _page(request: Request, form: TrainingForm, status: int = 200) -> HttpResponse:
    context = {"form": form, **_runs(request)}
    return render(request, "training/training.html", context, status=status)


def _runs(request: Request) -> dict[str, Any]:
    page = Paginator(_all(), PAGE).get_page(request.GET.get("page"))
    items = [Following(run) for run in page]
    return {"page": page, "items": items, "waiting": any(item.waiting for item in items)}


def _all() -> QuerySet[TrainingRun]:
    return TrainingRun.objects.select_related("requested_by", "version")


def site_faces() -> SiteFaces:
    photos = [len(crops) for crops in faces.site_dataset().values()]
    enough = [count for count in photos if count >= options.DataOptions().minimum]
    return SiteFaces(len(enough), sum(enough), len(photos) - len(enough))


@operators_only
@require_safe
def training_run(request: Request, name: str) -> HttpResponse:
    """One training; the page follows it as long as it goes on."""
    run = get_object_or_404(_all(), name=name)
    item = Following(run, before=_before(run))
    if request.htmx and request.GET.get("state") == item.state:
        return HttpResponse(status=204)
    version = VersionPage(run.version) if run.version else None
    context = {"run": run, "item": item, "made": version}
    return render(request, "training/_run.html" if request.htmx else "training/run.html", context)


def _before(run: TrainingRun) -> TrainingRun | None:
    """The run that has to end before this one can begin."""
    return TrainingRun.objects.filter(status="running").exclude(pk=run.pk).first()


@operators_only
@require_POST
def training_stop(request: Request, name: str) -> HttpResponse:
    requests.stop(get_object_or_404(TrainingRun, name=name), request.user)
    return redirect("training_run", name)


@operators_only
@require_POST
def training_resume(request: Request, name: str) -> HttpResponse:
    requests.resume(get_object_or_404(TrainingRun, name=name), request.user)
    return redirect("training_run", name)
