"""Who asks: the owner of a token, or whoever is logged in here, then with the CSRF token of forms.

A token is looked at before everything else that pages go by, so that they go for its owner too:
who is not let in there, as for want of a second factor, is not let in here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from ninja.utils import check_csrf

from recognition.api.problems import Problem, problem
from recognition.confirmation import confirmed_lately
from recognition.models import ApiToken, Scope, User
from recognition.services.site import tokens

PREFIX = "/api/"
PAGES = ("/api/v1/docs",)


class Request(HttpRequest):
    """A request as the operations get it. `token` is None in a session."""

    user: User
    token: ApiToken | None


def of_program(request: HttpRequest) -> bool:
    return request.path_info.startswith(PREFIX) and request.path_info not in PAGES


def bearer(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whoever bears a token of ours is its owner."""

    def respond(request: Any) -> HttpResponse:
        request.token = None
        secret = tokens.secret_in(request.META)
        if secret and of_program(request):
            token = tokens.bearer(secret)
            if token is None:
                return problem(request, Problem(401, "bad_token"))
            tokens.note_use(token)
            request.token, request.user = token, token.user
        return get_response(request)

    return respond


class Needs:
    """What an operation asks of a token, one of some scopes, and of an account, a permission. What
    is for good asks a session again who it is, as the pages do."""

    def __init__(self, scopes: tuple[Scope, ...], permission: str, *, for_good: bool) -> None:
        self.scopes, self.permission, self.for_good = scopes, permission, for_good

    def __call__(self, request: Request) -> User:
        if request.token is None:
            if check_csrf(request) is not None:
                raise Problem(403, "csrf")
            if self.for_good and not confirmed_lately(request):
                raise Problem(403, "confirm_first")
        elif not set(self.scopes) & set(request.token.scopes):
            scopes = [str(scope) for scope in self.scopes]
            raise Problem(403, "scope_missing", {"scopes": ", ".join(scopes)}, scopes=scopes)
        if self.permission and not request.user.has_perm(self.permission):
            raise PermissionDenied
        return request.user


def needs(*scopes: Scope, permission: str = "", for_good: bool = False) -> dict[str, Any]:
    """For the decorator of an operation: who may ask, and what the document says of it."""
    security = [{"token": [str(scope) for scope in scopes]}, {"session": []}]
    return {
        "auth": Needs(scopes, permission, for_good=for_good),
        "openapi_extra": {"security": security},
    }


MAY_ASK = needs(Scope.IDENTIFY, permission="recognition.add_identification")
MAY_READ = needs(Scope.IDENTIFY, Scope.READ)
