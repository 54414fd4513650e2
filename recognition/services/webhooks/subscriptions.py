"""Who is told of what, and for how long in vain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from copy import copy
from typing import Final

from django.db import transaction
from django.utils import timezone

from recognition.models import User, WebhookDelivery, WebhookSubscription
from recognition.models.webhooks import TEST
from recognition.services import access
from recognition.services.audit import record
from recognition.services.refusals import Refused
from recognition.services.webhooks import signing, targets
from recognition.services.work import queue

MOST: Final = 20
"""Webhooks of one account."""
HOPELESS_AFTER: Final = dt.timedelta(days=3)
Disabled = WebhookSubscription.Disabled
Tell = Callable[[WebhookSubscription], None]


class WebhookRefused(Refused):
    """It is not changed; `recognition.messages.webhooks` has the sentence."""


def add(owner: User, url: str, events: Collection[str]) -> tuple[WebhookSubscription, str]:
    """A new webhook, and its secret, which nobody is told again.

    Raises:
        WebhookRefused: there are enough of them, or the events are not for this account.
        TargetRefused: no webhook goes there.
    """
    secret = signing.new_secret()
    url, chosen = targets.checked(url), _chosen(owner, events)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        if owner.webhooks.count() >= MOST:
            raise WebhookRefused("enough_webhooks", most=MOST)
        row = owner.webhooks.create(url=url, events=chosen, secret=secret)
        record(owner, "webhook.added", row, events=chosen)
    return row, signing.written(secret)


def _chosen(owner: User, events: Collection[str]) -> list[str]:
    chosen = [str(event) for event in access.events_of(owner) if event in events]
    if not chosen or len(chosen) < len(set(events)):
        raise WebhookRefused("events")
    return chosen


def remove(row: WebhookSubscription) -> None:
    """With all that was to be sent to it, and its log."""
    with transaction.atomic():
        gone = copy(row)
        row.delete()
        record(row.owner, "webhook.removed", gone)


def try_out(row: WebhookSubscription) -> WebhookDelivery:
    """Send an event that says nothing. Raises `WebhookRefused` if it is disabled."""
    return _queue(row, WebhookDelivery(subscription=row, type=TEST))


def replay(delivery: WebhookDelivery) -> WebhookDelivery:
    """Send it once more, as the same event. Raises `WebhookRefused` likewise."""
    row = delivery.subscription
    same = {"event": delivery.event, "type": delivery.type, "about": delivery.about}
    again = WebhookDelivery(subscription=row, happened_at=delivery.happened_at, **same)
    return _queue(row, again)


def _queue(row: WebhookSubscription, delivery: WebhookDelivery) -> WebhookDelivery:
    if row.disabled:
        raise WebhookRefused("disabled")
    with transaction.atomic():
        delivery.save()
        queue.enqueue_on_commit(WebhookDelivery, [delivery.pk])
    return delivery


def enable(row: WebhookSubscription) -> None:
    """Begin anew, as if nothing had ever failed."""
    with transaction.atomic():
        new = {"disabled": Disabled.NO, "disabled_at": None, "failing_since": None}
        WebhookSubscription.objects.filter(pk=row.pk).update(**new)
        record(row.owner, "webhook.enabled", row)


def note_success(row: WebhookSubscription) -> None:
    failing = WebhookSubscription.objects.filter(pk=row.pk, failing_since__isnull=False)
    failing.update(failing_since=None)


def note_failure(row: WebhookSubscription) -> None:
    sound = WebhookSubscription.objects.filter(pk=row.pk, failing_since=None)
    sound.update(failing_since=timezone.now())


def disable_if_hopeless(row: WebhookSubscription, tell: Tell) -> None:
    """After a delivery was tried for a day, if nothing else got through for days either."""
    row.refresh_from_db(fields=["failing_since"])
    if row.failing_since and row.failing_since < timezone.now() - HOPELESS_AFTER:
        disable(row, Disabled.FAILING, tell)


def disable(row: WebhookSubscription, why: Disabled, tell: Tell) -> None:
    with transaction.atomic():
        used = WebhookSubscription.objects.filter(pk=row.pk, disabled=Disabled.NO)
        if not used.update(disabled=why, disabled_at=timezone.now()):
            return
        record(None, "webhook.disabled", row, reason=why.value)
    row.refresh_from_db(fields=["disabled", "disabled_at"])
    tell(row)
