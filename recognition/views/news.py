"""Parts of pages that ask for news: whoever has seen all there is waits until there is more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec

from django.db.models import QuerySet
from django.http import HttpResponse

from facesite.waiting import Later, leave_word
from recognition.presenters.progress import Progress
from recognition.views.requests import Request

P = ParamSpec("P")
View = Callable[Concatenate[Request, P], HttpResponse]
Rows = Callable[Concatenate[Request, P], QuerySet[Any]]

HELD_SECONDS: Final = 5
"""No longer: the web process would wait for it where it is to stop."""


def held_until_news(rows: Rows[P]) -> Callable[[View[P]], View[P]]:
    """A view that is not even asked by a part of a page which has seen all there is of `rows`: that
    gets 204, and what the view says once fewer of them wait. The former is looked for with one
    query, the latter together with what others wait for, without a thread of its own, and for a
    while only."""

    def held(view: View[P]) -> View[P]:
        @wraps(view)
        def asked(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.htmx:
                return view(request, *args, **kwargs)
            wanted = rows(request, *args, **kwargs).select_related(None).order_by()
            progress = Progress(wanted.only("status", "created_at"))
            if not progress.total or request.GET.get("state") != progress.state:
                return view(request, *args, **kwargs)

            def news() -> bytes:
                return view(request, *args, **kwargs).content

            unfinished = frozenset(row.pk for row in progress.waiting)
            fewer = len(unfinished) - 1
            leave_word(request.META, Later(HELD_SECONDS, wanted.model, unfinished, fewer, news))
            return HttpResponse(status=HTTPStatus.NO_CONTENT)

        return asked

    return held
