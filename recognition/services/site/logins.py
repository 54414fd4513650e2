"""The ways into an account: how attempts are counted, and a way back where the password is lost."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from recognition.models import User
from recognition.services import audit
from recognition.services.site.addresses import absolute


def account(login: str) -> User | None:
    """Whose it is, by whichever of its names."""
    named = Q(username__iexact=login) | Q(email__iexact=login)
    named |= Q(emailaddress__email__iexact=login)
    return User.objects.filter(named).order_by("pk").first() if login else None


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
