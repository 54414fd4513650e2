"""The audit log: who did what to whose data."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from recognition.models import AuditEvent, User


def record(
    actor: User | AnonymousUser | None, action: str, subject: Model, **details: object
) -> AuditEvent:
    """Write one line into the audit log. `actor` is None for the command line and the workers.

    Record a removal before it happens: a deleted row has lost its id. `details` must be plain JSON
    values and should name nobody: the log outlives the people in it.
    """
    user = actor if isinstance(actor, User) else None
    return AuditEvent.objects.create(
        actor=user,
        actor_name=user.get_username() if user else "",
        action=action,
        subject_type=subject._meta.model_name or "",
        subject_id=str(subject.pk),
        details=details,
    )
