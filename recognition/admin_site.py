"""The administration's own rules. Not in the package `admin`: that registers itself here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy
from unfold.sites import UnfoldAdminSite

from recognition.models import User
from recognition.presenters import dashboard

View = Callable[..., HttpResponse]


class AdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold has no types
    """Open to whoever has something to do here: everybody with a role but that of a user."""

    index_title = gettext_lazy("Overview")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and (user.is_reviewer or user.is_operator or user.is_auditor)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Numbers that no row can have come from an address typed by hand: nothing is there."""

        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                response = view(request, *args, **kwargs)
                # Filters ask the database as late as here.
                return response.render() if isinstance(response, TemplateResponse) else response
            except (OverflowError, DataError, ValidationError) as error:
                raise Http404 from error

        return cast(View, super().admin_view(answer, cacheable))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one log-in for the whole site, and only that one limits attempts."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        here = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(here, {request.get_host()}, request.is_secure()):
            here = "admin:index"
        if self.has_permission(request):
            return redirect(here)
        return redirect_to_login(here, settings.LOGIN_URL)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_change_password")

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        user = cast(User, request.user)
        response: HttpResponse = super().index(request, dashboard.overview(user))
        return response
