"""Called within a site of its own: accounts of ordinary users."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group

from recognition.models import User


def make(number: int) -> list[tuple[str, str]]:
    """Names and passwords of so many new ones."""
    return [_make() for _ in range(number)]


def _make() -> tuple[str, str]:
    name, password = f"visitor-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    User.objects.create_user(name, password=password).groups.add(Group.objects.get(name="user"))
    return name, password
