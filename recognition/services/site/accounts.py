"""What comes with an account, the first one of a site, and how one goes."""

from __future__ import annotations

import secrets
from copy import copy
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from recognition.models import AuditEvent, User
from recognition.services.audit import record

EVERYBODY = "user"
FIRST_ADMINISTRATOR = "admin"


class LastAdministrator(Exception):
    """Nobody would be left who could give rights."""


@receiver(post_save, sender=User)
def join_everybody(instance: User, created: bool, raw: bool = False, **_: Any) -> None:
    """Let whoever gets an account upload, however it came to be; an administrator may undo it."""
    if created and not raw and (group := Group.objects.filter(name=EVERYBODY).first()):
        instance.groups.add(group)


def create_first_administrator() -> str | None:
    """Make `admin` on a site that has no account yet; returns the password, which is not kept."""
    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(FIRST_ADMINISTRATOR, password=password)
    return password


def rights(user: User) -> dict[str, Any]:
    """As the audit log has them."""
    roles = sorted(user.groups.values_list("name", flat=True))
    return {"roles": roles, "administrator": user.is_superuser, "active": user.is_active}


@transaction.atomic
def delete_account(user: User, actor: User) -> None:
    """Delete an account with the photos that it asked about. Its name leaves the audit log, which
    keeps the number. Raises `LastAdministrator`."""
    administrators = User.objects.filter(is_superuser=True, is_active=True).select_for_update()
    if user.is_superuser and not administrators.exclude(pk=user.pk):
        raise LastAdministrator
    gone, had, own = copy(user), rights(user), user.pk == actor.pk
    user.delete()
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(gone.pk)).delete()
    AuditEvent.objects.filter(actor=gone).update(actor_name="")
    if own:
        record(None, "account.deleted", gone, **had, own=True)
    else:
        record(actor, "account.deleted", gone, **had)
