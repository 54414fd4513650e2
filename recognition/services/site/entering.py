"""What the audit log says of the ways into accounts: who came in, and who tried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from allauth.account.signals import (
    email_added,
    email_changed,
    email_removed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_removed,
    authenticator_used,
)
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver

from recognition.models import User
from recognition.services import audit
from recognition.services.site import logins

SAME_ATTEMPTS: Final = dt.timedelta(minutes=10)
"""Whoever guesses tries many times, and no row can be taken out again: one tells enough."""


@receiver(user_logged_in)
def _came_in(user: User, **_: Any) -> None:
    audit.record(user, "account.logged_in", user)


@receiver(user_login_failed)
def _stayed_out(credentials: Mapping[str, Any], **_: Any) -> None:
    """What was typed is not kept: it may be a password."""
    account = logins.account(credentials.get("username") or credentials.get("email") or "")
    audit.record_once(SAME_ATTEMPTS, None, "account.login_failed", account or User())


@receiver((password_changed, password_set))
def _password_changed(user: User, **_: Any) -> None:
    audit.record(user, "account.password_changed", user)


@receiver(password_reset)
def _password_reset(user: User, **_: Any) -> None:
    audit.record(user, "account.password_reset", user)


@receiver((email_added, email_changed, email_removed))
def _email_changed(user: User, **_: Any) -> None:
    audit.record(user, "account.email_changed", user)


@receiver(post_save, sender=Authenticator)
def _second_factor_added(instance: Authenticator, created: bool, **_: Any) -> None:
    """allauth's own signal comes after the commit, when it may be too late."""
    if created:
        user, kind = instance.user, instance.type
        audit.record(user, "account.second_factor_added", user, kind=kind)


@receiver(authenticator_removed)
def _second_factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    audit.record(user, "account.second_factor_removed", user, kind=authenticator.type)


@receiver(authenticator_used)
def _recovery_code_used(user: User, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        audit.record(user, "account.recovery_code_used", user)


@receiver(authentication_failed)
def _code_failed(user: User, **_: Any) -> None:
    audit.record_once(SAME_ATTEMPTS, None, "account.code_failed", user)
