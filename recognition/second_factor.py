from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRefresh

from recognition.api.auth import of_program
from recognition.api.problems import Problem, problem
from recognition.models import User
from recognition.services.site import second_factor

SETTING_IT_UP: Final = frozenset(
    {"mfa_activate_totp", "account_reauthenticate", "account_logout", "set_language"}
)


class SecondFactorMiddleware(MiddlewareMixin):
    """Whoever must have a second factor and has none gets to where it is set up, and nowhere else.

    Here and not at the log-in: a role may be given, or the setting be changed, in between.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], *_: Any
    ) -> HttpResponseBase | None:
        if not isinstance(request.user, User) or not getattr(view, "login_required", True):
            return None
        match = request.resolver_match
        if (match and match.url_name in SETTING_IT_UP) or not second_factor.wanting(request.user):
            return None
        if of_program(request):
            return problem(request, Problem(403, "second_factor"))
        if "HX-Request" in request.headers:
            return HttpResponseClientRefresh()
        return redirect("mfa_activate_totp")
