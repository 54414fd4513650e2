"""The document of the API (OpenAPI 3.1), and a page of the site that is made from it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from recognition.api.operations import api
from recognition.api.problems import MEDIA_TYPE
from recognition.api.schemas import Problem

Json = dict[str, Any]
ROOT: Final = "/api/v1/"
SCHEMES: Final[Json] = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of an account."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "Logged in; what changes something needs the header X-CSRFToken.",
    },
}
PROBLEM: Final = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
EVERYWHERE: Final = {
    "401": "Nobody is logged in, or the token opens nothing.",
    "403": "The token lacks a scope, or the account may not do this.",
    "422": "The request is not as described here.",
    "5XX": "Something is wrong with the site.",
}
OF_SOME: Final = {
    "404": "There is nothing here that the account may see.",
    "409": "It conflicts with what is there; the code says how.",
}
OF_UPLOADS: Final = {
    "400": "The request cannot be read.",
    "409": OF_SOME["409"],
    "413": "This is more than the site takes at once.",
    "429": "The account has had its share; Retry-After says when to come again.",
}


@cache
def document() -> Json:
    found: Json = json.loads(json.dumps(api.get_openapi_schema(path_prefix=ROOT)))
    schemas = found["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    found["components"]["securitySchemes"] = SCHEMES
    for path, operations in found["paths"].items():
        for operation in operations.values():
            operation["responses"] |= _problems(path, operation)
    return found


def _problems(path: str, operation: Json) -> Json:
    """Those that every such operation may answer with, and those that this one names."""
    told = dict(EVERYWHERE)
    if "{" in path:
        told["404"] = OF_SOME["404"]
    if "requestBody" in operation:
        told |= OF_UPLOADS
    told |= {status: said for status, said in OF_SOME.items() if status in operation["responses"]}
    return {status: {"description": said, **PROBLEM} for status, said in told.items()}


def paths() -> Json:
    return dict(document()["paths"])


def as_text() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


@login_not_required
@require_safe
def openapi(_request: HttpRequest) -> HttpResponse:
    """For programs that make clients of it."""
    return HttpResponse(as_text(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation, with a form that tries it in one's own session."""
    return render(request, "api/docs.html", {"groups": groups()})


def groups() -> dict[str, list[Json]]:
    """The operations by what they are about."""
    found: dict[str, list[Json]] = {}
    for path, operations in paths().items():
        for method, operation in operations.items():
            told = {**operation, "path": path, "method": method.upper()}
            found.setdefault(operation["tags"][0], []).append(_as_form(told))
    return found


def _as_form(operation: Json) -> Json:
    """With its first sentence, and the parts of what is sent that a form can have: fields, files,
    or one text of JSON."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("multipart/form-data", {}).get("schema", {})
    return {
        **operation,
        "in_short": re.split(r"\.\s", operation["description"])[0].rstrip("."),
        "scopes": operation["security"][0]["token"],
        "files": [*schema.get("properties", {})],
        "json": "application/json" in content,
    }
