"""All operations of the API. A new one is a function in a file of this folder; a new file is one
line here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation
from ninja.parser import Parser

from recognition.api import (
    account,
    compreface,
    consents,
    enrolled,
    faces,
    identifications,
    people,
    site,
    strangers,
    verifications,
    webhooks,
)
from recognition.api.problems import Problem, of_refusal, of_status, problem
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.refusals import Refused

ROUTERS = (
    identifications.router,
    verifications.router,
    people.router,
    consents.router,
    enrolled.router,
    faces.router,
    strangers.router,
    webhooks.router,
    compreface.router,
    account.router,
    site.router,
)
DESCRIPTION = (
    "Who is in a photo? Send a token as `Authorization: Bearer fs_…`; it is made on the account's "
    "page “API tokens”. What is refused is answered with a problem (RFC 9457): programs go by its "
    "`code`."
)


class Body(Parser):
    """JSON in which every text is one: half of a surrogate pair, as `"\\ud800"`, can be neither
    stored nor answered."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        found = super().parse_body(request)
        json.dumps(found, ensure_ascii=False).encode()
        return found


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)


api = Api(
    title="facesite",
    version="1",
    description=DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    parser=Body(),
)
for router in ROUTERS:
    api.add_router("", router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, found: Problem) -> HttpResponse:
    return problem(request, found)


@api.exception_handler(Refused)
@api.exception_handler(EnrolmentRefused)
def _refused(request: HttpRequest, refused: Refused | EnrolmentRefused) -> HttpResponse:
    return problem(request, of_refusal(refused))


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(request, of_status(404))


@api.exception_handler(PermissionDenied)
def _forbidden(request: HttpRequest, _error: PermissionDenied) -> HttpResponse:
    return problem(request, of_status(403))


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, of_status(error.status_code))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [{"field": _place(one["loc"]), "message": one["msg"]} for one in error.errors]
    return problem(request, Problem(422, "invalid", errors=errors))


def _place(parts: Iterable[Any]) -> str:
    return ".".join(map(str, parts))
