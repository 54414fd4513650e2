"""Parts of pages that ask for news: whoever has seen all there is waits until there is more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, Final, ParamSpec

from django.http import HttpResponse

from facesite.waiting import Later, leave_word
from recognition.views.requests import Request

P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]

HELD_SECONDS: Final = 5
"""No longer: the web process would wait for it where it is to stop."""


def held_until_news(view: View[P]) -> View[P]:
    """A view that has nothing new (204) is asked again for a while before that is said, and keeps
    no thread meanwhile."""

    @wraps(view)
    def held(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        def news() -> bytes | None:
            response = view(request, *args, **kwargs)
            return response.content if response.status_code == HTTPStatus.OK else None

        response = view(request, *args, **kwargs)
        if response.status_code == HTTPStatus.NO_CONTENT:
            leave_word(request.META, Later(HELD_SECONDS, news))
        return response

    return held
