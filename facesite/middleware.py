from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangosMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django_htmx.http import HttpResponseClientRefresh

_COMMON = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_STRICT = f"default-src 'self'; {_COMMON}"
# The admin's pages carry inline scripts and styles, and Alpine evaluates its attributes.
_ADMIN = f"default-src 'self' 'unsafe-inline' 'unsafe-eval'; {_COMMON}"


_PERMISSIONS = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"


def guarding_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Scripts, styles and pictures come from this site and from nowhere else; nothing asks for
    more of the device than its camera; and nobody keeps a page of which its view says nothing."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = _ADMIN if request.path.startswith("/admin/") else _STRICT
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return respond


class LoginRequiredMiddleware(DjangosMiddleware):
    """Every page is for people who are logged in, unless its view says otherwise."""

    def handle_no_permission(  # type: ignore[override]  # Django's own only ever redirects
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """A part of a page that asks for news would be filled with the log-in page: reload it."""
        if "HX-Request" in request.headers:
            return HttpResponseClientRefresh()
        return super().handle_no_permission(request, view_func)
