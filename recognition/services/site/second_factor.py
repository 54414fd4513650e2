"""A second factor: beside the password a code of an app, or one of those kept for an emergency."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from recognition.models import User
from recognition.services import audit


def required(user: User) -> bool:
    match settings.SECOND_FACTOR:
        case "operators":
            return user.is_operator
        case "staff":
            return user.is_operator or user.is_reviewer or user.is_auditor
        case asked_of:
            return bool(asked_of == "everybody")


def wanting(user: User) -> bool:
    """Whether the user must have one and has none yet."""
    return required(user) and not Authenticator.objects.filter(user=user).exists()


@transaction.atomic
def reset(user: User) -> bool:
    """Take it away from somebody who has lost it; False if there was none."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    if removed:
        audit.record(None, "account.second_factor_reset", user)
    return bool(removed)
