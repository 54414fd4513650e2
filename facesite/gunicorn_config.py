"""What gunicorn is told, but for its address, which `facesite.web` adds.

gunicorn reads this file in the process that watches over the one which answers, and that loads
nothing of the site: it would be in memory twice. `preload_app` is off for the same reason. Once
both processes have counted their references to shared objects, little is shared any more.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

worker_class = "asgi"
workers = 1
max_requests = 0
keepalive = 5  # seconds; so long may a stop wait for a browser that keeps its connection open
graceful_timeout = 30  # for what is under way at a reload; at a stop the supervisor is stricter
timeout = 30  # without a sign of life from the process, or a byte of a body
asgi_lifespan = "off"
control_socket_disable = True
loglevel = "warning"
# Signs of life must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# Headers of proxies are read in `facesite.asgi`, where the settings say whether to believe them.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}


# Read as a file: as a module of the package it would load Django.
FORMATS = runpy.run_path(str(Path(__file__).with_name("lines.py")))
format_of_lines = FORMATS[os.environ.get("FACESITE_LOG", "").strip().title() or "Text"]


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801  (the name of the setting)
    """The format of the site's other lines, which the settings say to Django."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(format_of_lines())
