"""Parts of pages that ask for news: whoever has seen all there is waits until there is more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec

from django.db.models import QuerySet
from django.http import HttpResponse

from facesite.waiting import Later, leave_word
from recognition.models import UNFINISHED
from recognition.views.requests import Request

P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]
Rows = Callable[Concatenate[Request, P], QuerySet[Any]]

HELD_SECONDS: Final = 5
"""No longer: the web process would wait for it where it is to stop."""


def held_until_news(rows: Rows[P]) -> Callable[[View[P]], View[P]]:
    """A view that says that there is nothing new (204) is asked again once fewer of `rows` wait.
    That is looked for with one query and without a thread of its own, and for a while only."""

    def held(view: View[P]) -> View[P]:
        @wraps(view)
        def asked(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.htmx:
                return view(request, *args, **kwargs)
            waiting = rows(request, *args, **kwargs).filter(status__in=UNFINISHED).order_by()
            before = waiting.count()  # before the view looks: what ends meanwhile is news

            def news() -> bytes | None:
                fewer = waiting.count() < before
                return view(request, *args, **kwargs).content if fewer else None

            response = view(request, *args, **kwargs)
            if response.status_code == HTTPStatus.NO_CONTENT:
                leave_word(request.META, Later(HELD_SECONDS, news))
            return response

        return asked

    return held
