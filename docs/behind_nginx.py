"""The web process alone and behind nginx: `python docs/behind_nginx.py`, nginx being installed.

The two sides are asked in turn, three times; medians. No part of the product: nothing imports it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facesite.settings")
django.setup()

from tests.sites import Site, Visitor, free_port, wait_for

LOG_IN = "/accounts/login/"
BODY = bytes(8 * 2**20)
SLOW_CLIENTS = 100
CONFIG = """
pid {folder}/pid; error_log {folder}/log; daemon off; master_process off;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/bodies; client_max_body_size 601m;
  upstream facesite {{ server 127.0.0.1:{behind}; keepalive 16; }}
  server {{
    listen {port};
    location / {{
      proxy_pass http://facesite; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


def ask(port: int, path: str = LOG_IN, body: bytes | None = None, session: str = "") -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"sessionid={session}"}  # only who is logged in may send much
    connection.request("POST" if body else "GET", path, body, headers)
    answer = connection.getresponse()
    page = answer.read()
    connection.close()
    # A form without its token is received whole and refused.
    if answer.status != (403 if body else 200):
        raise SystemExit(f"{path} was answered with {answer.status}.")
    return page


def per_second(port: int, path: str, times: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda _: ask(port, path), range(times)))
    return times / (time.perf_counter() - started)


def milliseconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - started)


def beside_slow_clients(port: int) -> float:
    with ExitStack() as slow:
        for _ in range(SLOW_CLIENTS):
            connection = HTTPConnection("127.0.0.1", port)
            slow.callback(connection.close)
            connection.putrequest("POST", LOG_IN)
            connection.putheader("Content-Length", "200000")
            connection.endheaders()
        return milliseconds(lambda: ask(port))


@contextmanager
def nginx(folder: Path, behind: int, port: int) -> Iterator[None]:
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, behind=behind, port=port), encoding="utf-8")
    process = subprocess.Popen(["nginx", "-c", config])  # noqa: S603, S607
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def measure(port: int, style: str, session: str) -> dict[str, float]:
    def post() -> None:
        ask(port, body=BODY, session=session)

    return {
        "log-in pages a second": per_second(port, LOG_IN, 200),
        "style sheets a second": per_second(port, style, 400),
        "8 MB posted (ms)": median(milliseconds(post) for _ in range(8)),
        "a page beside 100 slow clients (ms)": beside_slow_clients(port),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        site = Site(Path(folder) / "data")
        site.manage("migrate", "--verbosity=0")
        site.make_user("admin")
        site.manage("collectstatic", "--noinput", "--verbosity=0")
        site.start_web()
        visitor = Visitor(site)
        visitor.login("admin")
        session = next(cookie.value for cookie in visitor.cookies if cookie.name == "sessionid")
        port = free_port()
        with nginx(Path(folder), site.port, port):
            page = ask(site.port).decode()
            style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
            wait_for(lambda: ask(port, style), timeout=10)
            sides = (site.port, port)
            rounds = [[measure(side, style, session or "") for side in sides] for _ in range(3)]
        site.close()
    for name in rounds[0][0]:
        alone, proxied = (
            median(side[name] for side in sides) for sides in zip(*rounds, strict=True)
        )
        print(f"{name:38}{alone:9.0f} alone{proxied:9.0f} nginx{proxied / alone:8.2f} times")


if __name__ == "__main__":
    main()
