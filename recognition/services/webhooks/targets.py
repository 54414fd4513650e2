"""Where a webhook may go: to the world, and not behind the site's back into its own network."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

from recognition.services.refusals import Refused

LONGEST: Final = 500
"""Characters of an address."""


class TargetRefused(Refused):
    """No webhook goes there; `recognition.messages.webhooks` has the sentence."""


def checked(url: str) -> str:
    """The address as it is stored. What its host means is looked up for each call anew."""
    url = _written_out(url.strip())
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise TargetRefused("scheme")
    if "@" in parts.netloc:
        raise TargetRefused("credentials")
    if len(url) > LONGEST:
        raise TargetRefused("too_long", longest=LONGEST)
    if _is_number(parts.hostname or "") and not allowed(parts.hostname or ""):
        raise TargetRefused("not_public")
    return url


def _written_out(url: str) -> str:
    """In the letters that travel: a host in others has a second name for that."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        name = host if host.isascii() else host.encode("idna").decode()
    except ValueError as error:  # of the port, of the brackets, of the letters
        raise TargetRefused("no_address") from error
    if not name:
        raise TargetRefused("no_address")
    place = parts.netloc if host.isascii() else f"{name}:{port}" if port else name
    return iri_to_uri(parts._replace(netloc=place, fragment="").geturl())


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def addresses(host: str, port: int) -> list[str]:
    """What a host means at this moment. Whoever calls it must go to one of these, and not ask
    again: the next answer may be another.

    Raises:
        TargetRefused: nobody knows it, or it means something that is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetRefused("unknown_host") from error
    numbers = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if not all(map(allowed, numbers)):
        raise TargetRefused("not_public")
    return numbers


def allowed(number: str) -> bool:
    return settings.WEBHOOKS_PRIVATE or is_public(number)


def is_public(number: str) -> bool:
    """Whether the number is one of the whole Internet, also within one of another kind."""
    outer = ipaddress.ip_address(number)
    inner = outer
    if isinstance(outer, ipaddress.IPv6Address):
        inner = outer.ipv4_mapped or outer.sixtofour or outer
    special = inner.is_multicast or inner.is_reserved or getattr(inner, "is_site_local", False)
    return inner.is_global and not special
