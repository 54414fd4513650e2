"""A whole site of its own: started on a free port, in a folder of its own, and gone afterwards."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings

from recognition.management.visitor import Visitor

START_SECONDS = 180
STOP_SECONDS = 20
PASSED_ON = ("FACESITE_ENGINE", "FACESITE_WORKERS", "FACESITE_THREADS")
SETTINGS = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "PORT", "AMVERA")


class SiteFailed(Exception):
    """The site did not start, or it ended; the message has the last lines that it wrote."""


@dataclass(frozen=True)
class Site:
    """A running site."""

    data_dir: Path
    port: int
    process: psutil.Popen

    def visitor(self) -> Visitor:
        """Somebody new who is logged in."""
        name, password = f"visitor-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
        environment = _environment(self.data_dir) | {"DJANGO_SUPERUSER_PASSWORD": password}
        new = ("--noinput", "--username", name, "--email", f"{name}@localhost.localdomain")
        subprocess.run(  # noqa: S603
            _manage("createsuperuser", *new), env=environment, check=True, capture_output=True
        )
        visitor = Visitor(self.port)
        visitor.log_in(name, password)
        return visitor

    def begin_training(self, data: Path) -> None:
        """Queue a training of the paper's network, as an operator does, and wait until it learns.

        Raises:
            SiteFailed: it has not begun in time.
        """
        asked = {"data": [str(data)], "promote": "never"}
        self._run(f"requests.request(None, 'paper', {asked!r})")
        until = time.monotonic() + START_SECONDS
        while not self._run("print(TrainingRun.objects.get().history != [])").endswith("True"):
            if time.monotonic() > until:
                raise SiteFailed("The training did not begin.")
            time.sleep(1)

    def require_training(self) -> None:
        """Raise `SiteFailed` unless the training that was begun is still under way."""
        status = self._run("print(TrainingRun.objects.get().status)")
        if status != "running":
            raise SiteFailed(
                f"The training was over before the last photo was answered ({status}), so that "
                "these times are not those of a busy site; give it more photos."
            )

    def _run(self, code: str) -> str:
        imports = "from recognition.models import *"
        imports += "; from recognition.services.training import requests"
        run = subprocess.run(  # noqa: S603
            _manage("shell", "-v0", "-c", f"{imports}; {code}"),
            env=_environment(self.data_dir),
            check=True,
            capture_output=True,
            text=True,
        )
        return run.stdout.strip()

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Its processes by what they are: web, worker, broker, and who holds them together."""
        found: dict[str, list[psutil.Process]] = {"supervisor": [self.process]}
        for child in self.process.children():
            found[_role(child)] = [child, *child.children(recursive=True)]
        return found

    def stop(self) -> None:
        """End it; its folder stays until `running_site` ends. Stopping twice does no harm."""
        if not self.process.is_running():
            return
        everybody = [self.process, *self.process.children(recursive=True)]
        self.process.terminate()
        _, left = psutil.wait_procs(everybody, STOP_SECONDS)
        for process in left:
            process.kill()


@contextmanager
def running_site() -> Iterator[Site]:
    """Start a site with the demo people and without anything of this one's settings or data.

    Raises:
        SiteFailed: it does not answer in time.
    """
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        data_dir, port = Path(folder), _free_port()
        with (data_dir / "output.log").open("w", encoding="utf-8") as output:
            process = psutil.Popen(
                _manage("up", "--demo", "--host", "127.0.0.1", "--port", str(port)),
                env=_environment(data_dir),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the site
            )
        site = Site(data_dir, port, process)
        try:
            _wait_until_ready(site)
            yield site
        finally:
            site.stop()


def _wait_until_ready(site: Site) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and site.process.is_running():
        if site.process.status() == psutil.STATUS_ZOMBIE:
            break
        try:
            Visitor(site.port).get("/accounts/login/")
        except OSError:
            time.sleep(0.2)
        else:
            return
    last = (site.data_dir / "output.log").read_text(encoding="utf-8").splitlines()[-5:]
    raise SiteFailed("The site did not start. Its last words:\n" + "\n".join(last))


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def _environment(data_dir: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON
        or not (name.startswith("FACESITE_") or name.removesuffix("_FILE") in SETTINGS)
    }
    return kept | {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "facesite.settings"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _role(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    if "gunicorn" in command:
        return "web"
    return "worker" if "celery" in command else "broker"
