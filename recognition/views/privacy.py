from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recognition.confirmation import confirmed
from recognition.models import Person
from recognition.services.gallery import imports
from recognition.services.privacy import erasure_report, export, retention
from recognition.services.promotion import trials
from recognition.views.requests import Request, downloaded, may_manage_people


@require_safe
def privacy(request: Request) -> HttpResponse:
    """What this site keeps, where, for how long, who sees it and how it goes."""
    context = {
        "days": {term.name: term.kept_for.days for term in retention.terms()},
        "audit_days": settings.AUDIT_KEPT_FOR.days,
        "failed_days": settings.FAILED_KEPT_FOR.days,
        "import_days": imports.KEPT_FOR.days,
        "trial_days": trials.KEPT_FOR.days,
        "session_days": settings.SESSION_COOKIE_AGE // 86400,
        "recurring": settings.RECURRING,
        "require_consent": settings.REQUIRE_CONSENT,
        "shows_others": settings.OTHERS_SHOWN["user"] != "none",
    }
    return render(request, "privacy.html", context)


@never_cache
@may_manage_people
@require_safe
@confirmed
def person_export(request: Request, pk: int) -> HttpResponseBase:
    """Everything about a person as one ZIP, which the site does not keep."""
    person = get_object_or_404(Person, pk=pk)
    name = f"facesite-person-{pk}.zip"
    return downloaded(StreamingHttpResponse(export.export(person, request.user)), name)


@may_manage_people
@require_safe
def erased(request: Request, number: int) -> HttpResponseBase:
    """The signed report of a removal, by the number that the audit log has it under."""
    event = get_object_or_404(erasure_report.removals(), number=number)
    report = JsonResponse(erasure_report.of(event), json_dumps_params={"indent": 2})
    return downloaded(report, f"facesite-erasure-{number}.json")
