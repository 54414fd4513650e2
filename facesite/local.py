"""Whether it is somebody on this machine who asks."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

FORWARDED: Final = "facesite.forwarded"
"""In the environment of a request that a proxy has passed on."""


def is_local(environ: Mapping[str, Any]) -> bool:
    """By its address, and through no proxy: all who come through one on this machine have its
    address, and one elsewhere is told theirs by whoever asks."""
    try:
        here = ip_address(environ["REMOTE_ADDR"]).is_loopback
    except ValueError:
        return False
    return here and not environ.get(FORWARDED)
