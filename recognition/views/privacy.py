from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from recognition.services.privacy import retention
from recognition.services.promotion import trials
from recognition.views.requests import Request


@require_safe
def privacy(request: Request) -> HttpResponse:
    """What this site keeps, where, for how long, who sees it and how it goes."""
    context = {
        "days": {term.name: term.kept_for.days for term in retention.terms()},
        "failed_days": settings.FAILED_KEPT_FOR.days,
        "trial_days": trials.KEPT_FOR.days,
        "session_days": settings.SESSION_COOKIE_AGE // 86400,
        "require_consent": settings.REQUIRE_CONSENT,
        "shows_others": settings.OTHERS_SHOWN["user"] != "none",
    }
    return render(request, "privacy.html", context)
