"""Keeps the processes of `manage.py up` running: started together, stopped together, and each
started again that ends, or that lives on and makes no progress.

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
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from honcho import manager
from honcho.process import Popen, Process

if TYPE_CHECKING:
    from facesite.lines import JsonPrinter
    from facesite.watching import Watch
else:  # without the package, which would load Django
    sys.path.append(str(Path(__file__).resolve().parent))
    from lines import JsonPrinter
    from watching import Watch

BROKER, WEB, WORKER = "broker", "web", "worker"
KILL_AFTER_SECONDS = 8
"""From the wish to end to SIGKILL; containers are given ten."""
STEADY_SECONDS = 60
"""A process that has lived for so long had a good start."""
LONGEST_PAUSE = 30
"""Seconds before a process that does not get a good start is tried once more."""
GIVE_UP_AFTER = 6
"""Bad starts one after another. What is above this process may know how to help."""
LITTLE_SPACE = 2**20
"""Bytes: with less than this on its disk, a process that ends cannot help it."""
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Part:
    """A process of the site, through all its lives."""

    def __init__(self, name: str, process: Process) -> None:
        self.name, self.process = name, process
        self.pid: int | None = None
        self.running = False
        self.started = time.monotonic()
        self.bad_starts = 0
        self.again_at: float | None = None

    def note_start(self, pid: int) -> None:
        self.pid, self.started, self.again_at = pid, time.monotonic(), None

    def note_end(self) -> None:
        """Let it begin again: at once after a good start, and later and later after a bad one."""
        self.pid, self.running = None, False
        now = time.monotonic()
        steady = now - self.started > STEADY_SECONDS
        self.bad_starts = 1 if steady else self.bad_starts + 1
        self.again_at = now + min(LONGEST_PAUSE, 2 ** (self.bad_starts - 1) - 1)


class Site(manager.Manager):  # type: ignore[misc]
    """honcho's printer, and a life for every process that lasts as long as that of the site."""

    def __init__(self, data_dir: Path, log: str) -> None:
        super().__init__(JsonPrinter() if log == "json" else None)
        self.events: queue.Queue[Any] = queue.Queue()
        self._process_ctor = _Process
        self.data_dir = data_dir
        self.parts: dict[str, Part] = {}
        self.watch = Watch(data_dir / "pulse", self.announce)
        self.ended_at: float | None = None

    def add(self, name: str, command: list[str]) -> None:
        self.parts[name] = Part(name, self.add_process(name, command))

    def loop(self) -> None:
        """Returns once everything has ended; `returncode` then says why."""
        for asked in (signal.SIGINT, signal.SIGTERM):
            signal.signal(asked, self._asked_to_end)
        if not sys.stdout.isatty() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._reload)
        for part in self.parts.values():
            self._run(part)
        while self.ended_at is None or any(part.running for part in self.parts.values()):
            self._note_what_happened()
            if self.ended_at is None:
                self._start_again()
                self._end_what_stands_still()
            elif time.monotonic() - self.ended_at > KILL_AFTER_SECONDS:
                _signal_groups(self.parts, signal.SIGKILL)

    def _end_what_stands_still(self) -> None:
        """A worker whose broker did so may never find its way back to the next one."""
        pids = {part.name: part.pid for part in self.parts.values() if part.pid}
        if BROKER in self.watch.look(pids):
            _signal(self.parts[WORKER], signal.SIGKILL)

    def _note_what_happened(self) -> None:
        try:
            message = self.events.get(timeout=0.1)
        except queue.Empty:
            return
        if message.type == "line":
            with suppress(OSError):  # a log on a disk that is full
                self._printer.write(message)
        elif message.type == "start":
            self._note_start(self.parts[message.name], message.data["pid"])
        else:
            self._note_end(self.parts[message.name], message.data["returncode"])

    def _note_start(self, part: Part, pid: int) -> None:
        part.note_start(pid)
        self.announce(f"{part.name} started (pid={pid})")
        if self.ended_at is not None:  # it began as the others were asked to end
            _signal(part, signal.SIGTERM)

    def _note_end(self, part: Part, returncode: int) -> None:
        part.note_end()
        self.announce(f"{part.name} stopped (rc={returncode})")
        self._give_up_if_it_does_not_help(part)

    def _give_up_if_it_does_not_help(self, part: Part) -> None:
        if self.ended_at is None and part.bad_starts >= GIVE_UP_AFTER and not self._disk_is_full():
            self.returncode = 1
            self.announce(f"{part.name} does not start.")
            self.terminate()

    def _disk_is_full(self) -> bool:
        space = os.statvfs(self.data_dir)
        return space.f_bavail * space.f_frsize < LITTLE_SPACE

    def _start_again(self) -> None:
        for part in self.parts.values():
            if part.again_at is not None and time.monotonic() >= part.again_at:
                part.again_at = None
                self._run(part)
                self.watch.note_restart(part.name, "ended")

    def _run(self, part: Part) -> None:
        part.running = True
        Thread(target=part.process.run, args=(self.events,), daemon=True).start()

    def _asked_to_end(self, number: int, _frame: Any) -> None:
        self.announce(f"{signal.Signals(number).name} received")
        self.returncode = 0
        self.terminate()

    def _reload(self, _number: int, _frame: Any) -> None:
        """New code: the web process changes over by itself, and the worker once it is free."""
        self.announce("SIGHUP received")
        _signal(self.parts[WEB], signal.SIGHUP)
        _signal(self.parts[WORKER], signal.SIGTERM)

    def terminate(self) -> None:
        """Ask everybody to end. The broker goes last: the worker hands back what it holds.

        Each process itself is asked, not its group: a worker's children finish their photo.
        """
        if self.ended_at is not None:
            return
        self.ended_at = time.monotonic()
        others = [part for name, part in self.parts.items() if name != BROKER]
        for part in others:
            _signal(part, signal.SIGTERM)
        if BROKER in self.parts:
            Thread(target=self._end_broker, args=(others,), daemon=True).start()

    def _end_broker(self, others: list[Part]) -> None:
        while any(part.running for part in others):
            time.sleep(0.05)
        _signal(self.parts[BROKER], signal.SIGTERM)

    def announce(self, line: str) -> None:
        with suppress(OSError):
            self._system_print(f"{line}\n")


def _signal(part: Part, number: signal.Signals) -> None:
    if part.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(part.pid, number)


def _signal_groups(parts: dict[str, Part], number: signal.Signals) -> None:
    for part in parts.values():
        if part.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(part.pid, number)


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
    while site.ended_at is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, port, timeout=30)
            connection.request("GET", "/healthz")
            connection.getresponse()
            return site.announce(line)
        time.sleep(0.1)
    return None


def main() -> int:
    plan = json.loads(os.environ.pop("FACESITE_PLAN"))
    site = Site(Path(plan["data_dir"]), plan["log"])
    for name, command in plan["processes"].items():
        site.add(name, command)
    ready = (site, plan["host"], plan["port"], plan["ready"])
    Thread(target=_announce_when_ready, args=ready, daemon=True).start()
    site.loop()
    well = site.returncode == 0
    why = "" if well else ", because one of its processes ends again and again"
    site.announce(f"facesite has stopped{why}.")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
