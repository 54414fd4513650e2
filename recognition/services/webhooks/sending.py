"""Deliveries on their way, in threads of a worker: a receiver that does not answer takes ten
seconds, and no photo may wait for it.

Of each subscription one delivery goes at a time, the oldest that is due first. So a receiver gets
events one after the other, and one that hangs holds up nobody else.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from recognition.models import Status, WebhookDelivery, WebhookSubscription
from recognition.models.work import due
from recognition.services.webhooks import calling, payloads, signing, subscriptions
from recognition.services.webhooks.calling import CallFailed
from recognition.services.webhooks.subscriptions import Tell
from recognition.services.work import attempts

log = logging.getLogger(__name__)

PAUSES: Final = tuple(
    dt.timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 1800, 2 * 3600, 5 * 3600, 8 * 3600, 10 * 3600)
)
"""After each attempt in vain; together a little more than a day."""
AT_ONCE: Final = 8
"""Receivers."""
GONE: Final = 410

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks")
_lock = Lock()
_busy: set[int] = set()
"""Subscriptions that a thread of this process looks after."""


def begin(delivery_id: UUID | str, tell: Tell) -> None:
    """Have a thread send what its subscription waits for, unless one does. `tell` is called with a
    subscription that is disabled on the way."""
    rows = WebhookDelivery.objects.filter(pk=delivery_id)
    with _lock:
        for subscription in rows.values_list("subscription_id", flat=True):
            if subscription not in _busy:
                _busy.add(subscription)
                _threads.submit(_look_after, subscription, tell)


def _look_after(subscription: int, tell: Tell) -> None:
    """What goes wrong here and is nobody's fault, the sweeper finds."""
    try:
        while (delivery := _next(subscription)) is not None:
            send(delivery, tell)
    except Exception:
        _busy.discard(subscription)
        log.exception("Nothing more is sent to webhook %d for now.", subscription)
    finally:
        connection.close()


def _next(subscription: int) -> UUID | None:
    """With the lock, so that whoever stores one now either is seen here or finds nobody at work."""
    with _lock:
        waiting = WebhookDelivery.objects.filter(due(WebhookDelivery.kind), status=Status.QUEUED)
        ordered = waiting.filter(subscription=subscription).order_by("created_at", "pk")
        found = ordered.values_list("pk", flat=True).first()
        if found is None:
            _busy.discard(subscription)
        return found


def send(delivery_id: UUID | str, tell: Tell) -> None:
    """One attempt. Safe to call twice, late, or for a row that is gone."""

    def work(row: WebhookDelivery) -> None:
        if not _send(row, tell):
            raise attempts.NotDone

    attempts.attempt(WebhookDelivery, delivery_id, work)


def _send(row: WebhookDelivery, tell: Tell) -> bool:
    """Whether the receiver has it."""
    payload = None if row.subscription.disabled else payloads.payload(row)
    if payload is None:
        attempts.reject(row, "disabled" if row.subscription.disabled else "not_to_be_seen")
        return False
    try:
        answered = _call(row, json.dumps(payload, ensure_ascii=False).encode())
    except CallFailed as failed:
        return _failed(row, tell, failed.code, None)
    return _judge(row, tell, answered)


def _call(row: WebhookDelivery, body: bytes) -> int:
    subscription, now = row.subscription, int(timezone.now().timestamp())
    signed = signing.headers(bytes(subscription.secret), row.event, now, body)
    kind = {"Content-Type": "application/json", "User-Agent": "facesite"}
    return calling.post(subscription.url, {**kind, **signed}, body)


def _judge(row: WebhookDelivery, tell: Tell, answered: int) -> bool:
    if not 200 <= answered < 300:
        code = "redirected" if 300 <= answered < 400 else "refused"
        return _failed(row, tell, code, answered)
    attempts.finish(row, response_code=answered, error_code="", waits_for="")
    subscriptions.note_success(row.subscription)
    return True


def _failed(row: WebhookDelivery, tell: Tell, code: str, answered: int | None) -> bool:
    subscriptions.note_failure(row.subscription)
    if answered != GONE and row.attempts <= len(PAUSES):
        attempts.put_off(row, _next_try(row), code, response_code=answered)
        return False
    attempts.still_ours(row).update(response_code=answered)
    attempts.fail(row, code)
    if answered == GONE:
        subscriptions.disable(row.subscription, WebhookSubscription.Disabled.GONE, tell)
    else:
        subscriptions.disable_if_hopeless(row.subscription, tell)
    return False


def _next_try(row: WebhookDelivery) -> dt.datetime:
    """Up to a fifth later than the pause, by its number, so that not all come back at once."""
    return timezone.now() + PAUSES[row.attempts - 1] * (1 + row.pk.int % 1000 / 5000)
