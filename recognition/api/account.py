"""Who asks, and how much they may still ask."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from ninja import Router

from recognition.api.auth import Request, needs
from recognition.api.schemas import Me
from recognition.models import Scope
from recognition.services.identification import quotas

router = Router(tags=["account"])


@router.get("/me", response=Me, **needs(*Scope))
def me(request: Request) -> Any:
    """The account, what its token is good for, and what is left of its quotas."""
    user, left = request.user, quotas.left(request.user)
    hour = {"limit": settings.PHOTOS_PER_HOUR, "left": left.an_hour, "seconds": left.seconds}
    waiting = {"limit": settings.PHOTOS_WAITING, "left": left.waiting, "seconds": 0}
    return {
        "username": user.username,
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "administrator": user.is_superuser,
        "scopes": request.token and request.token.scopes,
        "quota": {"hour": hour, "waiting": waiting},
    }
