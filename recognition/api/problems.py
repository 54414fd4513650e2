"""What an answer is when there is none: a problem as RFC 9457 has it, for programs to go by `code`
and for people to read `detail`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http.client import responses
from typing import Any, Final

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from recognition.messages import api as messages
from recognition.services.gallery.enrolling import EnrolmentRefused
from recognition.services.identification.quotas import TooManyPhotos
from recognition.services.refusals import Refused

MEDIA_TYPE: Final = "application/problem+json"
CODES: Final = {
    400: "bad_request",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: "invalid",
    429: "too_many",
    503: "unavailable",
    507: "no_room",
}
"""Of problems of which nothing else is known."""
STATUSES: Final = {"other_upload": 422}
"""Of what services refuse: everything else conflicts with what is there."""


class Problem(Exception):
    """Ends an operation with a problem. `params` are for its sentence, `more` is for programs."""

    def __init__(
        self, status: int, code: str, params: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        super().__init__(status, code)
        self.status, self.code, self.params, self.more = status, code, params or {}, more


def problem(request: HttpRequest, found: Problem) -> HttpResponse:
    language = translation.get_language_from_request(request)
    with translation.override(language):
        detail = messages.problem(found.code, found.params)
    said = {
        "type": "about:blank",
        "title": responses[found.status],
        "status": found.status,
        "code": found.code,
        "detail": detail,
        **found.more,
    }
    body = json.dumps(said, ensure_ascii=False)
    response = HttpResponse(body, status=found.status, content_type=MEDIA_TYPE)
    response.headers["Content-Language"] = language
    if found.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="facesite"'
    if "after" in found.params:
        seconds = found.params["after"].total_seconds()
        response.headers["Retry-After"] = str(math.ceil(seconds))
    return response


def of_status(status: int) -> Problem:
    return Problem(status, CODES.get(status, "error" if status >= 500 else "bad_request"))


def of_refusal(refused: Refused | EnrolmentRefused) -> Problem:
    status = 429 if isinstance(refused, TooManyPhotos) else STATUSES.get(refused.code, 409)
    return Problem(status, refused.code, refused.params)


def of_form(form: BaseForm, part: str) -> Problem:
    """What a form does not take, where it stands in that part of the request."""
    errors = [
        {"field": f"{part}.{name}", "message": " ".join(map(str, said))}
        for name, said in form.errors.items()
    ]
    return Problem(422, "invalid", errors=errors)


def instead_of_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page that says that something is wrong, as middleware and Django answer with, as the
    problem that it is about; any other answer as it is. Where one is sent to is to log in."""
    status = 401 if response.status_code == 302 else response.status_code
    if status < 400 or response.headers.get("Content-Type") == MEDIA_TYPE:
        return response
    told = problem(request, of_status(status))
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            told.headers[name] = response.headers[name]
    return told
