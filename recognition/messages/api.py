"""Sentences of problems that a program is told about, beside the code that it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from recognition.messages import care, review, strangers, webhooks
from recognition.messages.photos import photo_error, too_many_photos

_PROBLEMS = {
    "bad_request": gettext_lazy("This request cannot be read."),
    "unauthorised": gettext_lazy(
        "Log in, or send a token: “Authorization: Bearer fs_…”. Tokens are made on the account's "
        "page “API tokens”."
    ),
    "bad_token": gettext_lazy(
        "This token opens nothing: it is unknown, revoked or over, or its account is closed."
    ),
    "scope_missing": gettext_lazy("The token lacks a scope that this needs: %(scopes)s."),
    "forbidden": gettext_lazy("The account may not do this."),
    "csrf": gettext_lazy("A session has to send its CSRF token in the header X-CSRFToken."),
    "confirm_first": gettext_lazy(
        "This cannot be undone: log in again first, or ask with a token."
    ),
    "second_factor": gettext_lazy(
        "The account has to have a second factor, and has none. It is set up on the site's pages."
    ),
    "not_found": gettext_lazy("There is nothing here that the account may see."),
    "method_not_allowed": gettext_lazy("This cannot be done here: see the header Allow."),
    "too_large": gettext_lazy("This is more than the site takes at once."),
    "invalid": gettext_lazy("The request is not as the documentation has it: see “errors”."),
    "too_many": gettext_lazy("Too many requests in a short time."),
    "error": gettext_lazy("Something went wrong on the side of the site."),
    "unavailable": gettext_lazy("A part of the site does not answer. Try again in a moment."),
    "no_room": gettext_lazy("The disk of the site is full."),
    "other_upload": gettext_lazy("This Idempotency-Key was sent with other photos before."),
    "in_progress": gettext_lazy(
        "The upload with this Idempotency-Key is being stored at this moment."
    ),
    "not_failed": gettext_lazy("Only a photo that failed, and is still kept, can be tried again."),
}

_REFUSED = webhooks.REFUSED | strangers.REFUSED | review.REFUSED | care.REFUSED
"""What pages say as well."""


def problem(code: str, params: Mapping[str, Any]) -> str:
    """What there is to say of it."""
    known = _PROBLEMS | _REFUSED
    if code in known:
        return known[code] % params
    if code.startswith("too_many_"):
        return too_many_photos(code, params)
    return photo_error(code, params)
