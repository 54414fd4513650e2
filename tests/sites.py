"""A real site: `manage.py up` with its own data folder, and somebody who visits it over HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psutil
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.factories import PASSWORD

ROOT = Path(__file__).resolve().parent.parent


class Site:
    """`manage.py up` on a free port. Everything it writes lies in `data_dir`.

    A prepared site has a superuser `admin` with the password of `tests.factories`.
    """

    code = ROOT
    """Where the code lies that its processes run."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        # SQLite, also where the tests themselves use another database.
        own = {"DATA_DIR": str(data_dir), "DATABASE_URL": "", "GALLERY_BACKEND": "memory"}
        self.environment = os.environ | own | environment
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir / "up.log"
        self.process: subprocess.Popen[bytes]
        self.prefix: tuple[str, ...] = ()  # a command that runs it elsewhere
        self.python = sys.executable

    def start(self, *arguments: str, timeout: float = 300) -> Site:
        self.run(*arguments)
        wait_for(lambda: "facesite is ready" in self.output() or self.has_ended(), timeout)
        assert not self.has_ended(), self.output()
        return self

    def run(self, *arguments: str) -> None:
        """Start it without waiting until it answers."""
        self._run("manage.py", "up", "--port", str(self.port), *arguments)

    def start_web(self) -> Site:
        """Start its web process alone, as `compose.yaml` does."""
        self.environment["PORT"] = str(self.port)
        self._run("-m", "facesite.web")
        wait_for(lambda: self.listens() or self.has_ended())
        assert not self.has_ended(), self.output()
        return self

    def start_worker(self) -> Site:
        """Start its worker alone, for photos."""
        options = ("--queues", "identification", "--without-gossip", "--without-mingle")
        self._run("-m", "celery", "--app", "facesite", "--quiet", "worker", *options)
        wait_for(lambda: "ready" in self.output() or self.has_ended())
        assert not self.has_ended(), self.output()
        return self

    def _run(self, *command: str) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            command = (*self.prefix, self.python, *command)
            self.process = subprocess.Popen(
                command, cwd=self.code, env=self.environment, stdout=log, stderr=log
            )

    def listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def exit_code(self) -> int | None:
        """None as long as it runs."""
        return self.process.poll()

    def has_ended(self) -> bool:
        return self.exit_code() is not None

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def pid_of(self, name: str) -> int:
        """The process that the supervisor started last as `broker`, `worker` or `web`."""
        started = re.findall(rf"{name} started \(pid=(\d+)\)", self.output())
        assert started, self.output()
        return int(started[-1])

    def manage(self, *arguments: str) -> str:
        """A management command on the data of this site; returns what it wrote to stdout."""
        done = python("manage.py", *arguments, **self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def make_user(self, name: str, *roles: str, **fields: Any) -> None:
        """See `tests.factories.make_user`."""
        call = f"make_user(*{roles!r}, username={name!r}, **{fields!r})"
        self.manage("shell", "-v0", "-c", f"from tests.factories import make_user; {call}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        """End whatever still runs; for the end of a test, whatever became of it."""
        if hasattr(self, "process") and not self.has_ended():
            self.stop()


class Visitor:
    """A browser without scripts: keeps cookies, follows redirects, fills in the CSRF token."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.url = site.url
        self.cookies = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> Page:
        return self._open(Request(urljoin(self.url, path)))  # noqa: S310

    def post(self, path: str, fields: Mapping[str, Any]) -> Page:
        """Send a form; open files among the fields are uploaded, lists are sent one by one."""
        token = next((cookie.value for cookie in self.cookies if cookie.name == "csrftoken"), "")
        body = encode_multipart(BOUNDARY, {"csrfmiddlewaretoken": token, **fields})
        headers = {"Content-Type": MULTIPART_CONTENT, "Origin": self.url}
        return self._open(Request(urljoin(self.url, path), body, headers))  # noqa: S310

    def login(self, name: str, password: str = PASSWORD) -> Page:
        self.get("/accounts/login/")
        page = self.post("/accounts/login/", {"login": name, "password": password})
        assert "/accounts/" not in page.url, self.site.output()[-5000:]
        return page

    def _open(self, request: Request) -> Page:
        try:
            with self._opener.open(request, timeout=60) as response:
                return Page(response)
        except HTTPError as error:
            with error:
                return Page(error)


class Page:
    def __init__(self, response: HTTPResponse | HTTPError) -> None:
        self.url = response.url or ""
        self.status = response.status or 0
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self) -> str:
        return self.body.decode()


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script or, with `-m` or `-c`, code of the site to its end, in a fresh process."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Any, timeout: float = 60) -> Any:
    """What the condition answers as soon as that is true; an error after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"still not so after {timeout} s")


def still_running(processes: list[psutil.Process], timeout: float = 15) -> list[psutil.Process]:
    """Those that live on after `timeout` seconds; they are then ended."""
    _, left = psutil.wait_procs(processes, timeout=timeout)
    # An orphan that has ended is a zombie until the machine's first process looks after it.
    alive = [process for process in left if not _is_zombie(process)]
    for process in alive:
        process.kill()
    return alive


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
