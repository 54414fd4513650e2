"""Addresses that the site calls when something happens: the account's own."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from recognition.api.auth import Request, needs
from recognition.api.paging import MOST, page
from recognition.api.problems import Problem
from recognition.api.schemas import (
    AddedWebhook,
    Deliveries,
    Delivery,
    NewWebhook,
    Webhook,
    Webhooks,
)
from recognition.api.schemas import Problem as Refusal
from recognition.models import Scope, WebhookDelivery, WebhookSubscription
from recognition.services import access
from recognition.services.refusals import Refused
from recognition.services.webhooks import subscriptions

router = Router(tags=["webhooks"])
MAY = needs(Scope.WEBHOOKS)


@router.get("/webhooks", response=Webhooks, **MAY)
def webhooks(request: Request) -> Any:
    """All of them; there are few."""
    return {"items": [_said(row) for row in access.visible_webhooks(request.user)]}


def _said(row: WebhookSubscription) -> dict[str, Any]:
    return {
        "id": row.pk,
        "url": row.url,
        "events": row.events,
        "created": row.created_at,
        "disabled": row.disabled,
    }


def _own(request: Request, pk: int) -> WebhookSubscription:
    return get_object_or_404(access.visible_webhooks(request.user), pk=pk)


@router.post("/webhooks", response={201: AddedWebhook}, **MAY)
def add_webhook(request: Request, new: NewWebhook) -> Any:
    """Have an address called. Its secret is in this answer, and nowhere else."""
    try:
        row, secret = subscriptions.add(request.user, new.url, new.events)
    except Refused as refused:
        raise Problem(422, refused.code, refused.params) from refused
    return Status(201, _said(row) | {"secret": secret})


@router.delete("/webhooks/{int:pk}", response={204: None}, **MAY)
def remove_webhook(request: Request, pk: int) -> Any:
    """With all that was to be sent there, and its log."""
    subscriptions.remove(_own(request, pk))
    return Status(204, None)


@router.post("/webhooks/{int:pk}/enable", response=Webhook, **MAY)
def enable_webhook(request: Request, pk: int) -> Any:
    """Use one again that was disabled because nothing got through."""
    subscriptions.enable(_own(request, pk))
    return _said(_own(request, pk))


@router.post("/webhooks/{int:pk}/test", response={202: Delivery, 409: Refusal}, **MAY)
def test_webhook(request: Request, pk: int) -> Any:
    """Send an event that says nothing."""
    return Status(202, _delivery(subscriptions.try_out(_own(request, pk))))


@router.get("/webhooks/{int:pk}/deliveries", response=Deliveries, **MAY)
def deliveries(
    request: Request,
    pk: int,
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 25,
) -> Any:
    """What was sent there, the newest first."""
    rows, following = page(_own(request, pk).deliveries.all(), "-created_at", cursor, limit)
    return {"items": [_delivery(row) for row in rows], "next": following}


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.pk,
        "event": row.event,
        "type": row.type,
        "status": row.status,
        "attempts": row.attempts,
        "error": row.error_code or None,
        "response": row.response_code,
        "created": row.created_at,
    }


@router.post("/deliveries/{uuid:pk}/replay", response={202: Delivery, 409: Refusal}, **MAY)
def replay_delivery(request: Request, pk: UUID) -> Any:
    """Send it once more, as the same event."""
    row = get_object_or_404(access.visible_deliveries(request.user), pk=pk)
    return Status(202, _delivery(subscriptions.replay(row)))
