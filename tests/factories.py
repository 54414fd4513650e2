"""What tests need to exist. Every call makes something new, with a name of its own."""

from __future__ import annotations

import itertools
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import QuerySet

from recognition.models import AuditEvent, Consent, ConsentText, How, Person, Purpose, User

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_user(*roles: str, **fields: Any) -> User:
    """A user with exactly these roles: none means an account that may do nothing."""
    fields.setdefault("username", f"{'-'.join(roles) or 'nobody'}{next(_numbers)}")
    fields.setdefault("is_staff", "reviewer" in roles or "operator" in roles)
    user = User.objects.create_user(password=PASSWORD, **fields)
    user.groups.set([_group(role) for role in roles])
    return user


def agreed(person: Person, *purposes: Purpose, **fields: Any) -> Person:
    """The person, with a consent to each purpose, to training if none is given."""
    for purpose in purposes or (Purpose.TRAINING,):
        usual = {"text": ConsentText.objects.latest("number"), "how": How.PAPER}
        Consent.objects.create(person=person, purpose=purpose, **{**usual, **fields})
    return person


def _group(role: str) -> Group:
    if not Group.objects.filter(name=role).exists():  # flushed by a test with real transactions
        editor = SimpleNamespace(connection=connection)
        for name in ("0002_roles_and_triggers", "0003_training"):
            migration = import_module(f"recognition.migrations.{name}")
            migration.make_roles(apps, editor)
        import_module("recognition.migrations.0014_audit_chain").make_auditors(apps, editor)
        import_module("recognition.migrations.0017_consent").show_to_operators(apps, editor)
    return Group.objects.get(name=role)


def deeds() -> QuerySet[AuditEvent]:
    """What the audit log has beside log-ins, oldest first."""
    return AuditEvent.objects.exclude(action="account.logged_in").order_by("number")
