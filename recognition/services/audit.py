"""The audit log: who did what to whose data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.utils import timezone

from recognition.models import AuditEvent, User
from recognition.services import chain


def record(
    actor: User | AnonymousUser | None, action: str, subject: Model | None, **details: object
) -> AuditEvent:
    """Write one line into the audit log. `actor` is None for the command line and the workers,
    `subject` for the site as a whole.

    The last thing in a transaction: until its end nobody else can write into the log, so whoever
    waited for another row meanwhile might wait for ever. Of a row that is deleted keep a copy, as
    it loses its id. `details` must be plain JSON values and name nobody: the log outlives the
    people in it.
    """
    user = actor if isinstance(actor, User) else None
    return chain.append(
        AuditEvent(
            actor=user,
            actor_name=user.get_username() if user else "",
            action=action,
            subject_type=(subject and subject._meta.model_name) or "",
            subject_id=_key(subject),
            details=details,
        )
    )


def record_once(
    within: dt.timedelta,
    actor: User | None,
    action: str,
    subject: Model,
    *,
    implied_by: Collection[str] = (),
) -> None:
    """The same, unless the log has it from a moment ago: what is done by the dozen is one line."""
    before = AuditEvent.objects.filter(
        actor=actor,
        action__in=(action, *implied_by),
        subject_type=subject._meta.model_name,
        subject_id=_key(subject),
        created_at__gte=timezone.now() - within,
    )
    if not before.exists():
        record(actor, action, subject)


def _key(subject: Model | None) -> str:
    """Nothing for somebody who is not known, as whoever tries to log in by a name of nobody."""
    return "" if subject is None or subject.pk is None else str(subject.pk)
