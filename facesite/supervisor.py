"""Keeps the processes of `manage.py up` together: started together, stopped together.

Run as a file, not as a module of the package, and with nothing but honcho imported: whatever it
imported would stay in memory for as long as the site runs.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import time
from contextlib import suppress
from threading import Thread
from typing import Any

from honcho import manager
from honcho.process import Popen, Process

BROKER = "broker"
KILL_AFTER_SECONDS = 8
"""From the first process that ends to SIGKILL; containers are given ten."""
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

manager.KILL_WAIT = KILL_AFTER_SECONDS


class Site(manager.Manager):  # type: ignore[misc]
    """honcho's manager with a thread per process where that forks one more process for each."""

    def __init__(self) -> None:
        super().__init__()
        self.events: queue.Queue[Any] = queue.Queue()
        self._process_ctor = _Process

    def _start(self) -> None:
        for process in self._processes.values():
            Thread(target=process["obj"].run, args=(self.events,), daemon=True).start()

    def terminate(self) -> None:
        """Ask everybody to end. The broker goes last: the worker hands back what it holds."""
        if self._terminating:
            return
        self._terminating: bool = True
        others = [process for name, process in self._processes.items() if name != BROKER]
        _ask_to_end(others)
        if BROKER in self._processes:
            Thread(target=self._end_broker, args=(others,), daemon=True).start()

    def _end_broker(self, others: list[dict[str, Any]]) -> None:
        while any("returncode" not in process for process in others):
            time.sleep(0.05)
        _ask_to_end([self._processes[BROKER]])

    def announce(self, line: str) -> None:
        self._system_print(f"{line}\n")


def _ask_to_end(processes: list[dict[str, Any]]) -> None:
    """SIGTERM to each process itself, not to its group: a worker's children finish their photo."""
    for process in processes:
        if "pid" in process and "returncode" not in process:
            with suppress(ProcessLookupError):
                os.kill(process["pid"], signal.SIGTERM)


class _Process(Process):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._child_ctor = _start


def _start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    child: subprocess.Popen[bytes] = Popen(
        command, shell=False, preexec_fn=_end_with_parent, **options
    )
    Thread(target=_await_end, args=(child,), daemon=True).start()
    return child


def _end_with_parent() -> None:
    """Nobody can forward SIGKILL; on Linux the kernel hands it on.

    A gentler signal would leave a worker that looks for the broker, which is gone, for ever.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _await_end(child: subprocess.Popen[bytes]) -> None:
    """A process that was killed leaves children, and they hold open the output that is read."""
    child.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _announce_when_ready(site: Site, host: str, port: int, line: str) -> None:
    while site.returncode is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, port, timeout=30)
            connection.request("GET", "/accounts/login/")
            connection.getresponse()
            return site.announce(line)
        time.sleep(0.1)
    return None


def main() -> int:
    plan = json.loads(os.environ.pop("FACESITE_PLAN"))
    site = Site()
    for name, command in plan["processes"].items():
        site.add_process(name, command)
    ready = (site, plan["host"], plan["port"], plan["ready"])
    Thread(target=_announce_when_ready, args=ready, daemon=True).start()
    site.loop()
    asked = {details["rc"] for details in manager.SIGNALS.values()}
    if site.returncode in asked:
        print("facesite has stopped.", flush=True)
        return 0
    # Also when a process ended with 0: the site is not whole without it.
    print("facesite has stopped, because one of its processes ended.", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
