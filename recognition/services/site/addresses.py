"""The site's own address, which never comes from a request: a client may name any host in one."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def absolute(address: str) -> str:
    """The same path and query under the site's own address; alone, if the site knows none."""
    parts = urlsplit(address)
    return f"{settings.SITE_URL}{parts._replace(scheme='', netloc='').geturl()}"
