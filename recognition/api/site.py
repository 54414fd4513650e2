"""The site itself: how it is doing, and which model versions it has."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from ninja import Router

from recognition.api.auth import Request, needs
from recognition.api.schemas import Model, Models, Status
from recognition.models import Scope
from recognition.presenters.side_by_side import SideBySide
from recognition.presenters.versions import as_json
from recognition.services import access
from recognition.services.site import status as service
from recognition.services.versions import registry

router = Router(tags=["site"])
MAY_SEE_MODELS = needs(Scope.MODELS, Scope.READ, permission="recognition.manage_models")


@router.get("/status", response=Status, **needs(Scope.READ))
def status(request: Request) -> Any:
    """How the site is doing, for those whose work depends on it."""
    if not access.has_staff_role(request.user):
        raise PermissionDenied
    site = service.site()
    return {
        "healthy": site.healthy,
        "model": site.model.name,
        "model_problem": site.model.problem or None,
        "broker": site.broker_reachable,
        "worker": site.worker,
        "waiting": site.progress.waiting,
        "waiting_since": site.progress.waiting_since,
        "failed": site.failed,
        "people": site.people,
        "photos": site.photos,
    }


@router.get("/models", response=Models, **MAY_SEE_MODELS)
def model_versions(request: Request) -> Any:
    """All of them, the newest last."""
    versions = registry.listed().select_related("parent", "replaced")
    beside = SideBySide.of_all()
    return {"versions": [as_json(version, beside) for version in reversed(versions)]}


@router.get("/models/{slug:name}", response=Model, **MAY_SEE_MODELS)
def model_version(request: Request, name: str) -> Any:
    """One of them."""
    versions = registry.listed().select_related("parent", "replaced")
    return as_json(get_object_or_404(versions, name=name), SideBySide.of_all())
