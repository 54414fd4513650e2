"""What comes with an account, and the first one of a site."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import Group
from django.db.models.signals import post_save
from django.dispatch import receiver

from recognition.models import User

EVERYBODY = "user"
FIRST_ADMINISTRATOR = "admin"


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
