"""Whole sites of their own: in a folder of their own, on a free port, and gone afterwards."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.utils.translation import gettext as _

from recognition.management.benchmarking import accounts
from recognition.management.visitor import Visitor

START_SECONDS = 180
STOP_SECONDS = 20
PASSED_ON = ("FACESITE_ENGINE", "FACESITE_THREADS")
SETTINGS = (
    "DATA_DIR",
    "DATABASE_URL",
    "REDIS_URL",
    "S3_URL",
    "EMAIL_URL",
    "SECRET_KEY",
    "PORT",
    "AMVERA",
)
UNLIMITED = {"FACESITE_PHOTOS_PER_HOUR": "1000000"}


class SiteFailed(Exception):
    """The site did not start, or it ended; the message has the last lines that it wrote."""


@dataclass(frozen=True)
class Site:
    """A running site; `started` is when, by `time.time`."""

    data_dir: Path
    port: int
    process: psutil.Popen
    started: float = 0.0

    def visitors(self, number: int) -> list[Visitor]:
        """New users, each logged in."""
        names = inside(self.data_dir, accounts.make, number)
        return [self._logged_in(name, password) for name, password in names]

    def _logged_in(self, name: str, password: str) -> Visitor:
        visitor = Visitor(self.port)
        visitor.log_in(name, password)
        return visitor

    def seconds_until(self, path: str) -> float:
        """From its start until that address answers with 200.

        Raises:
            SiteFailed: it ended, or that took too long.
        """
        while time.time() - self.started < START_SECONDS and self._lives():
            with suppress(OSError):
                if Visitor(self.port).get(path).status == 200:
                    return time.time() - self.started
            time.sleep(0.01)
        said = (self.data_dir / "output.log").read_text(encoding="utf-8").splitlines()[-5:]
        raise SiteFailed(_("The site did not start. Its last words:") + "\n" + "\n".join(said))

    def _lives(self) -> bool:
        return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Its processes by what they are: web, worker, broker, and who holds them together."""
        found: dict[str, list[psutil.Process]] = {"supervisor": [self.process]}
        for child in self.process.children():
            found[_role(child)] = [child, *child.children(recursive=True)]
        return found

    def processor_seconds(self) -> dict[str, float]:
        """What each of these has computed so far."""
        return {
            role: sum(sum(process.cpu_times()[:2]) for process in found)
            for role, found in self.processes().items()
        }

    def stop(self) -> None:
        """End it; its folder stays. Stopping twice does no harm."""
        if not self.process.is_running():
            return
        everybody = [self.process, *self.process.children(recursive=True)]
        self.process.terminate()
        _gone, left = psutil.wait_procs(everybody, STOP_SECONDS)
        for process in left:
            process.kill()


@contextmanager
def prepared_folder() -> Iterator[Path]:
    """A data folder with the default model and the demo people, and nothing of this site."""
    with tempfile.TemporaryDirectory(prefix="facesite-") as folder:
        _run(Path(folder), _manage("prepare", "--demo"))
        yield Path(folder)


@contextmanager
def running_site(data_dir: Path, *, workers: int = 1) -> Iterator[Site]:
    """Start a site on a prepared folder, and end it.

    Raises:
        SiteFailed: it does not answer in time.
    """
    port = _free_port()
    with (data_dir / "output.log").open("w", encoding="utf-8") as output:
        started = time.time()
        process = psutil.Popen(
            _manage("up", "--host", "127.0.0.1", "--port", str(port)),
            env=_environment(data_dir) | {"FACESITE_WORKERS": str(workers)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the site
        )
    site = Site(data_dir, port, process, started)
    try:
        site.seconds_until("/healthz")
        yield site
    finally:
        site.stop()


def inside(data_dir: Path, function: Callable[..., object], *arguments: object) -> Any:
    """What a function of a module answers, as JSON has it, in a process with the settings and the
    data of that folder.

    Raises:
        subprocess.CalledProcessError: it failed; its `stderr` says why.
    """
    return json.loads(_run(data_dir, called(function, *arguments)).splitlines()[-1])


def called(function: Callable[..., object], *arguments: object) -> list[str]:
    """The command that calls a function of a module in a process of its own: see `here`."""
    named = [function.__module__, function.__name__, json.dumps(arguments)]
    return [sys.executable, "-m", "recognition.management.benchmarking.here", *named]


def _run(data_dir: Path, command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603
        command,
        cwd=settings.BASE_DIR,
        env=_environment(data_dir),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def _environment(data_dir: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON
        or not (name.startswith("FACESITE_") or name.removesuffix("_FILE") in SETTINGS)
    }
    own = {"DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "facesite.settings"}
    return kept | own | UNLIMITED


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
