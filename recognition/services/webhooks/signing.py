"""How a receiver knows that it is this site which calls: as Standard Webhooks have it, for which
there are libraries in every language (https://www.standardwebhooks.com)."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from hashlib import sha256
from typing import Final
from uuid import UUID

PREFIX: Final = "whsec_"
_SIZE: Final = 32


def new_secret() -> bytes:
    return secrets.token_bytes(_SIZE)


def written(secret: bytes) -> str:
    """As receivers are told it."""
    return PREFIX + b64encode(secret).decode()


def headers(secret: bytes, event: UUID, timestamp: int, body: bytes) -> dict[str, str]:
    signed = f"{event}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(secret, signed, sha256)).decode()
    return {
        "webhook-id": str(event),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
