"""Called within a site of its own: accounts of ordinary users."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group

from recognition.models import Scope, User
from recognition.services.site import tokens as made


def make(number: int) -> list[tuple[str, str]]:
    """Names and passwords of so many new ones."""
    return [_make() for _ in range(number)]


def tokens(number: int) -> list[str]:
    """Secrets by which so many programs identify, each in the name of a new account."""
    users = [User.objects.get(username=name) for name, _password in make(number)]
    return [made.make(user, "", [Scope.IDENTIFY], until=None, by=None) for user in users]


def _make() -> tuple[str, str]:
    name, password = f"visitor-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    User.objects.create_user(name, password=password).groups.add(Group.objects.get(name="user"))
    return name, password
