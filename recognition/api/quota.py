"""How much an account may still ask about, in the headers that programs go by."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse

from recognition.models import User
from recognition.services.identification import quotas


def tell(response: HttpResponse, user: User) -> None:
    """As draft-ietf-httpapi-ratelimit-headers has it."""
    left = quotas.left(user)
    response.headers["RateLimit-Policy"] = (
        f'"hour";q={settings.PHOTOS_PER_HOUR};w={int(quotas.HOUR.total_seconds())}, '
        f'"waiting";q={settings.PHOTOS_WAITING}'
    )
    response.headers["RateLimit"] = (
        f'"hour";r={left.an_hour};t={left.seconds}, "waiting";r={left.waiting}'
    )
