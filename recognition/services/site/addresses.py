"""The site's own address, which never comes from a request: a client may name any host in one."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from django.conf import settings

from facesite import pulse


def absolute(address: str) -> str:
    """The same path and query under the site's own address; alone, if the site knows none."""
    parts = urlsplit(address)
    return f"{_own()}{parts._replace(scheme='', netloc='').geturl()}"


def _own() -> str:
    """The site's own address, as the web process that runs knows it: it may have been started with
    another port or name than whoever asks here."""
    web = [sign for sign in pulse.signs() if sign.part == "web" and not sign.silent]
    if any(sign.pid == os.getpid() for sign in web):
        return settings.SITE_URL
    return next((sign.address for sign in web if sign.address), settings.SITE_URL)
