"""What a browser would mend by itself, and not as it was meant: looked for in every page that any
test gets from Django's test client."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

FORM = re.compile(r"<(/?)form\b")
ID = re.compile(r'\sid="([^"]*)"')


def sound(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that lets no page pass with a form in a form, or with one id twice."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        page = response.headers.get("Content-Type", "").startswith("text/html")
        if page and not response.streaming and not request.path.startswith("/admin/"):
            html = response.content.decode()
            assert not form_in_a_form(html), f"{request.path}: a form in a form"
            assert not twice(html), f"{request.path}: ids that are there twice: {twice(html)}"
        return response

    return respond


def form_in_a_form(html: str) -> bool:
    """The inner one is dropped, and its buttons send the outer one."""
    tags = FORM.findall(html)
    return tags != ["", "/"] * (len(tags) // 2)


def twice(html: str) -> list[str]:
    return [one for one, times in Counter(ID.findall(html)).items() if times > 1]
