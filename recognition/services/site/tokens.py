"""Tokens: with one a program asks in the name of an account, and never for more than its role has.

The secrets are 32 random bytes, so that a plain hash keeps them: nobody can try them all.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

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


def opens(environ: Mapping[str, Any]) -> bool:
    """Whether a request carries a token of ours that opens something."""
    secret = secret_in(environ)
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


def secret_in(environ: Mapping[str, Any]) -> str:
    """That of the header `Authorization`, or of `X-API-Key`, which programs written for CompreFace
    send; nothing if it is none of ours."""
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        secret = environ.get("HTTP_X_API_KEY", "")
    secret = secret.strip()
    return secret if secret.startswith(MARK) else ""


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
