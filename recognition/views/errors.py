from __future__ import annotations

import datetime as dt
import math
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

A_MINUTE: Final = dt.timedelta(minutes=1)


def too_many(
    request: HttpRequest, sentence: str = "", after: dt.timedelta = A_MINUTE
) -> HttpResponse:
    """Too many requests, of any kind: when to come again."""
    response = render(request, "429.html", {"sentence": sentence}, status=429)
    response.headers["Retry-After"] = str(math.ceil(after.total_seconds()))
    return response
