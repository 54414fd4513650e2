"""Invitations: whoever has the link may open one account, while sign-up is closed to others."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from recognition.models import Invitation, User
from recognition.services import audit
from recognition.services.refusals import Refused
from recognition.services.site.addresses import absolute

LASTS: Final = dt.timedelta(days=7)
_SALT: Final = "recognition.invitation"


def invite(by: User | None) -> str:
    """The link for somebody who is to open an account, once. `by` is None for a command."""
    with transaction.atomic():
        invitation = Invitation.objects.create(invited_by=by)
        audit.record(by, "account.invited", invitation)
    token = signing.dumps(str(invitation.pk), salt=_SALT)
    return absolute(reverse("invitation", args=(token,)))


def open_one(token: str) -> Invitation | None:
    """The invitation of a link, as long as it stands."""
    try:
        return standing(signing.loads(token, salt=_SALT))
    except signing.BadSignature:
        return None


def standing(pk: UUID | str | None) -> Invitation | None:
    if pk is None:
        return None
    after = timezone.now() - LASTS
    return Invitation.objects.filter(pk=pk, used_at=None, created_at__gt=after).first()


def use(pk: UUID | str | None, newcomer: User) -> None:
    """Let somebody in, who alone has used it: of two at the same moment one comes too late.

    Raises:
        Refused: `invitation_over`, it is used or too old, or there is none.
    """
    invitation = standing(pk)
    if invitation is None:
        raise Refused("invitation_over")
    unused = Invitation.objects.filter(pk=invitation.pk, used_at=None)
    if not unused.update(used_at=timezone.now()):
        raise Refused("invitation_over")
    audit.record(newcomer, "account.joined", invitation)
