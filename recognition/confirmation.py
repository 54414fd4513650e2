"""What cannot be undone asks again for the password, or for a code of the second factor: whoever
finds a browser in which somebody is logged in knows neither."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

View = Callable[..., HttpResponseBase]


def confirmed_lately(request: HttpRequest) -> bool:
    """Whether somebody logged in here, or confirmed who they are, within the last minutes."""
    records = get_authentication_records(request, request.user)
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return bool(records) and records[-1]["at"] > since


def confirmed(view: View) -> View:
    """Only for whoever is. A form that was sent too late comes back empty: what is in it may be a
    password, which is not kept meanwhile."""

    @wraps(view)
    def ask(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if confirmed_lately(request):
            return view(request, *args, **kwargs)
        ways = get_adapter().get_reauthentication_methods(request.user)
        if not ways:
            raise PermissionDenied
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{ways[0]['url']}?{query}")

    return cast(View, ask)
