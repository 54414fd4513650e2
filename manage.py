#!/usr/bin/env python
from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facesite.settings")
    try:
        from facesite.commands import Commands  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Run `make install` and use .venv/bin/python."
        ) from error
    Commands(sys.argv).execute()


if __name__ == "__main__":
    main()
