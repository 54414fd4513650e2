"""Tokens: with one a program asks in the name of an account, and never for more than its role has.

The secrets are 32 random bytes, so that a plain hash keeps them: nobody can try them all.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from django.db import transaction
from django.utils import timezone

from recognition.models import ApiToken, User
from recognition.services import audit

MARK: Final = "fs_"
"""What every secret begins with, so that whoever finds one knows what it is."""
SHOWN: Final = len(MARK) + 6
NOTED_EVERY: Final = dt.timedelta(minutes=1)
"""Between two notes of when a token was last used."""


@transaction.atomic
def make(
    user: User, name: str, scopes: Sequence[str], until: dt.datetime | None, *, by: User | None
) -> str:
    """The secret of a new token, which nobody can find out later. `by` is None for a command."""
    secret = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:SHOWN],
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=until,
    )
    audit.record(by, "token.made", token, user=user.pk, scopes=token.scopes)
    return secret


def bearer(secret: str) -> ApiToken | None:
    """The token of a secret, as long as it opens something."""
    digest = _digest(secret)
    found = ApiToken.objects.select_related("user").filter(prefix=secret[:SHOWN])
    for token in found:
        if compare_digest(token.digest, digest):
            return token if token.stands else None
    return None


def opens(authorization: str) -> bool:
    """Whether that header carries a token of ours that opens something."""
    secret = secret_in(authorization)
    return bool(secret) and bearer(secret) is not None


def note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


@transaction.atomic
def revoke(user: User, pk: int) -> bool:
    """Let one's own token open nothing any more; False if there is none that did."""
    own = ApiToken.objects.filter(user=user, pk=pk, revoked_at=None)
    token = own.select_for_update().first()
    if token is None:
        return False
    own.update(revoked_at=timezone.now())
    audit.record(user, "token.revoked", token)
    return True


def secret_in(authorization: str) -> str:
    """That of an `Authorization` header; nothing if it carries none of ours."""
    scheme, _, secret = authorization.partition(" ")
    secret = secret.strip()
    return secret if scheme.lower() == "bearer" and secret.startswith(MARK) else ""


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
