from __future__ import annotations

from django.contrib import messages
from django.db.models import Case, QuerySet, When
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from recognition.forms.promotion import PromotionForm
from recognition.forms.training import TrialForm
from recognition.messages.training import training_refused
from recognition.messages.versions import promotion_refused
from recognition.models import ModelVersion
from recognition.presenters.side_by_side import SideBySide
from recognition.presenters.versions import VersionPage
from recognition.services.promotion import serving, trials
from recognition.services.training import options, requests
from recognition.services.versions import registry as service
from recognition.views.requests import Request, form_methods, operators_only

# The report is a page of its own that a training wrote: styles and charts are within it, it
# needs nothing else, and may do nothing else.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)


def _versions() -> QuerySet[ModelVersion]:
    first = Case(When(state=ModelVersion.State.ACTIVE, then=0), default=1)
    return service.listed().order_by(first, "-created_at")


@operators_only
@require_safe
def model_versions(request: Request) -> HttpResponse:
    """The version in service, and then all others, the newest first."""
    beside = SideBySide.of_all()
    versions = [VersionPage(version, beside) for version in _versions()]
    moving = any(item.moving for item in versions)
    context = {"versions": versions, "beside": beside, "moving": moving}
    page = "model_versions/_versions.html" if request.htmx else "model_versions/model_versions.html"
    return render(request, page, context)


def _found(name: str) -> ModelVersion:
    return get_object_or_404(_versions().select_related("parent", "replaced"), name=name)


@operators_only
@require_safe
def model_version(request: Request, name: str) -> HttpResponse:
    """One version; while it is being put into service, the page follows that."""
    version = _found(name)
    return _version_page(request, version, TrialForm())


def _version_page(
    request: Request, version: ModelVersion, form: TrialForm, status: int = 200
) -> HttpResponse:
    item = VersionPage(version, SideBySide.of_all())
    if request.htmx:
        return _news(request, item)
    active = service.active()
    context = {
        "version": version,
        "item": item,
        "form": form,
        "active": active,
        "can_try": active is not None and active != version,
    }
    return render(request, "model_versions/model_version.html", context, status=status)


def _news(request: Request, item: VersionPage) -> HttpResponse:
    """Of the promotion that is under way; once it is over, everything on the page is another."""
    if not item.moving:
        return HttpResponseClientRefresh()
    if request.GET.get("state") == item.state:
        return HttpResponse(status=204)
    context = {"version": item.version, "item": item}
    return render(request, "model_versions/_head.html", context)


@operators_only
@require_safe
def model_report(request: Request, name: str) -> HttpResponseBase:
    """The report that the training wrote."""
    version = get_object_or_404(ModelVersion, name=name)
    try:
        report = service.report(version, get_language() or "en").open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(report, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = REPORT_POLICY
    response["Cache-Control"] = "private, no-cache"
    return response


@operators_only
@form_methods
def model_promote(request: Request, name: str) -> HttpResponse:
    """Put a version into service, after a question."""
    version = _found(name)
    item = VersionPage(version)
    if not item.can_promote:
        return redirect("model_version", name)
    form = PromotionForm(request.POST if request.method == "POST" else None, version=version)
    if request.method != "POST" or not form.is_valid():
        context = {"version": version, "item": item, "active": service.active(), "form": form}
        status = 422 if request.method == "POST" else 200
        return render(request, "model_versions/confirm.html", context, status=status)
    try:
        serving.request_promotion(version, request.user, form.terms())
    except serving.PromotionRefused as refusal:
        messages.error(request, promotion_refused(refusal.code, refusal.params))
    return redirect("model_version", name)


@operators_only
@require_POST
def model_promote_cancel(request: Request, name: str) -> HttpResponse:
    """Leave the version in service as it is, as long as that is still in time."""
    serving.cancel_promotion(get_object_or_404(ModelVersion, name=name), request.user)
    return redirect("model_version", name)


@operators_only
@form_methods
def model_rollback(request: Request, name: str) -> HttpResponse:
    """Take the version in service out of it again, after a question."""
    version = _found(name)
    item = VersionPage(version)
    if not item.can_roll_back:
        return redirect("model_version", name)
    if request.method == "POST":
        return _roll_back(request, name)
    context = {"version": version, "item": item, "back_to": version.replaced}
    return render(request, "model_versions/confirm.html", context)


def _roll_back(request: Request, name: str) -> HttpResponse:
    """At once, or as soon as the faces that were enrolled since are embedded."""
    try:
        before = serving.rollback(request.user)
    except serving.PromotionRefused as refusal:
        messages.error(request, promotion_refused(refusal.code, refusal.params))
        return redirect("model_version", name)
    if before.state == ModelVersion.State.ACTIVE:
        messages.success(request, _("%(name)s is in service again.") % {"name": before})
    return redirect("model_version", before.name)


@operators_only
@require_POST
def model_retrain(request: Request, name: str) -> HttpResponse:
    """Train once more as this version was trained, on those who are still there."""
    version = get_object_or_404(ModelVersion, name=name)
    try:
        run = requests.request_again(version, request.user)
    except options.TrainingRefused as refusal:
        messages.error(request, training_refused(refusal.code, refusal.params))
        return redirect("model_version", name)
    return redirect("training_run", run.name)


@operators_only
@require_POST
def model_try(request: Request, name: str) -> HttpResponse:
    """Ask a version about one photo, beside the one in service."""
    version = _found(name)
    form = TrialForm(request.POST, request.FILES)
    if not form.is_valid():
        return _version_page(request, version, form, status=422)
    trial = trials.request(version, request.user, form.cleaned_data["photos"][0])
    return redirect("trial", trial.pk)
