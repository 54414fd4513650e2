"""The web process: `python -m facesite.web`. One process, many threads, behind a proxy or not."""

from __future__ import annotations

import signal
from typing import Any, Never

import waitress
from django.conf import settings

from facesite.wsgi import application


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    waitress.serve(
        application,
        host=settings.HOST,
        port=settings.PORT,
        threads=settings.WEB_THREADS,
        ident=None,
        max_request_body_size=settings.MAX_PHOTOS_PER_UPLOAD * settings.MAX_PHOTO_BYTES + 2**20,
        **_proxy(),
    )


def _stop(_signal: int, _frame: object) -> Never:
    raise SystemExit(0)  # waitress lets requests that are being answered end


def _proxy() -> dict[str, Any]:
    """HTTPS ends at a proxy in front of this process: only then are its headers believed."""
    if not settings.HTTPS:
        return {}
    return {
        "trusted_proxy": "*",
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }


if __name__ == "__main__":
    main()
