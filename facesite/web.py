"""The web process: `python -m facesite.web`, which becomes gunicorn."""

from __future__ import annotations

import os
import sys

from django.conf import settings

CONFIG = settings.BASE_DIR / "facesite" / "gunicorn_config.py"


def main() -> None:
    os.chdir(settings.BASE_DIR)
    os.execv(sys.executable, command(settings.HOST, settings.PORT))  # noqa: S606


def command(host: str, port: int) -> list[str]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    options = ("--config", str(CONFIG), "--bind", bind)
    return [sys.executable, "-m", "gunicorn", *options, "facesite.asgi:application"]


if __name__ == "__main__":
    main()
