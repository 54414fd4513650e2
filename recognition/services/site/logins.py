"""The ways into an account: how attempts are counted, and a way back where the password is lost."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Final

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from recognition.models import User
from recognition.services import audit
from recognition.services.searching import equal
from recognition.services.site.addresses import absolute

LONGEST: Final = 254
"""Letters that a username or an address has at the most."""


def account(login: str) -> User | None:
    """Whose it is, by whichever of its names."""
    return _called(login, "username", "email", "emailaddress__email").first()


def as_written(login: str) -> str:
    """The username that is meant, with the capital letters that the account has."""
    named = _called(login, "username").values_list("username", flat=True)
    return named[0] if len(named) == 1 else login


def _called(login: str, *fields: str) -> QuerySet[User]:
    if not login or len(login) > LONGEST:
        return User.objects.none()
    fitting = (equal(field, login) for field in fields)
    return User.objects.filter(reduce(or_, fitting)).order_by("pk")


def counted_as(login: str) -> str:
    """One name for all attempts to get into an account."""
    found = account(login)
    return str(found.pk) if found else login.casefold()


@transaction.atomic
def reset_link(user: User) -> str:
    """With which whoever has it can choose a new password for the account, once."""
    key = default_token_generator.make_token(user)
    arguments = {"uidb36": user_pk_to_url_str(user), "key": key}
    audit.record(None, "account.reset_link", user)
    return absolute(reverse("account_reset_password_from_key", kwargs=arguments))
