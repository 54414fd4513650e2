"""What is stored of faces, encrypted: photos, crops, portraits and embeddings.

AES-256-GCM, with a nonce of its own for each. What is sealed begins with a mark and with the number
of its key, so that old keys, new ones, and what is not sealed are told apart as they are read.
`about` is sealed in: under another name it cannot be opened.
"""

from __future__ import annotations

import secrets
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK: Final = b"\x00facesite\x01"
_NUMBER: Final = 4
_NONCE: Final = 12
_START: Final = len(MARK) + _NUMBER


class SealBroken(FileNotFoundError):
    """No key opens it, or it was changed. As good as lost: who copes with that copes with this."""


def seal(data: bytes, about: bytes) -> bytes:
    """As the settings say: under the first key, or as it is. What is sealed stays so."""
    if not settings.ENCRYPT or is_sealed(data):
        return data
    number, nonce = next(iter(_keys())), secrets.token_bytes(_NONCE)
    return MARK + number + nonce + _keys()[number].encrypt(nonce, data, about)


def unseal(data: bytes, about: bytes) -> bytes:
    """What was sealed, or as it is what was not. Raises `SealBroken`."""
    if not is_sealed(data):
        return data
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  (see `_by_number`)

    key = _keys().get(key_of(data))
    if key is None:
        raise SealBroken(f"FACESITE_KEYS lacks key {key_of(data).hex()} of {about.decode()}")
    nonce, sealed = data[_START : _START + _NONCE], data[_START + _NONCE :]
    try:
        return key.decrypt(nonce, sealed, about)
    except InvalidTag as error:
        raise SealBroken(f"{about.decode()} is not as it was sealed") from error


def is_sealed(data: bytes) -> bool:
    return data.startswith(MARK)


def key_of(data: bytes) -> bytes:
    """The number of the key that opens it."""
    return data[len(MARK) : _START]


def is_as_it_should_be(data: bytes) -> bool:
    """Whether it is sealed under the first key, if there is to be encryption, and else not."""
    if not settings.ENCRYPT:
        return not is_sealed(data)
    return is_sealed(data) and key_of(data) == next(iter(_keys()))


def numbers() -> list[str]:
    """Those of the keys that there are, the one in use first."""
    return [number.hex() for number in _keys()]


def _keys() -> dict[bytes, AESGCM]:
    return _by_number(settings.ENCRYPTION_KEYS)


@cache
def _by_number(keys: tuple[bytes, ...]) -> dict[bytes, AESGCM]:
    """The library takes 7 MB of every process, and most sites do not encrypt."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return {sha256(b"key number" + key).digest()[:_NUMBER]: AESGCM(key) for key in keys}
