from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.middleware import HtmxDetails

from recognition.models import ProbeFace, User
from recognition.services.photos.uploads import Refused

operators_only = permission_required("recognition.manage_models", raise_exception=True)
may_manage_people = permission_required("recognition.manage_people", raise_exception=True)
may_review = permission_required("recognition.review_identifications", raise_exception=True)
form_methods = require_http_methods(["GET", "HEAD", "POST"])


class Request(HttpRequest):
    """A request as the site's own views get it: somebody is logged in, the middleware has run."""

    user: User
    htmx: HtmxDetails


def face_address(face: ProbeFace) -> str:
    """Where the answer about a face is."""
    return f"{reverse('identification', args=[face.identification_id])}#face-{face.index + 1}"


def downloaded(response: HttpResponseBase, name: str) -> HttpResponseBase:
    """Have the browser keep it as a file of that name."""
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    if name.endswith(".zip"):
        response["Content-Type"] = "application/zip"
    return response


def tell_refused(
    request: Request, refused: Iterable[Refused], say: Callable[[str, Mapping[str, Any]], str]
) -> None:
    """Name the files that were not taken, each with its reason, in one message."""
    lines = [(one.filename, say(one.code, one.params)) for one in refused]
    if lines:
        said = render_to_string("includes/refused.html", {"refused": lines})
        messages.warning(request, said)
