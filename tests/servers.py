"""PostgreSQL, Redis and a server of buckets as fixtures. Debian's packages of the first two have to
be there."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest
from pytest_django import Settings

from facesite import env
from tests.sites import free_port, wait_for


@pytest.fixture(scope="module")
def postgresql_folder() -> Iterator[Path]:
    """Where that server keeps everything; the path of its socket may not be long."""
    with tempfile.TemporaryDirectory(prefix="facesite-pg-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def postgresql(postgresql_folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server that exists for these tests."""
    programs = debians_postgresql()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    with serving_postgresql(programs, postgresql_folder) as address:
        yield address


def debians_postgresql() -> Path | None:
    """Where the programs of its newest version lie."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@contextmanager
def for_the_whole_suite() -> Iterator[str]:
    """The address of a PostgreSQL server in which nothing outlives a power cut."""
    programs = debians_postgresql()
    if programs is None:
        raise pytest.UsageError("--servers needs PostgreSQL: apt-get install postgresql")
    quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
    with (
        tempfile.TemporaryDirectory(prefix="facesite-pg-") as folder,
        serving_postgresql(programs, Path(folder), *quick) as address,
    ):
        yield address


@pytest.fixture(scope="module")
def pgvector() -> Iterator[str]:
    """The same with pgvector, of a package that brings a server of its own."""
    package = importlib.util.find_spec("pgserver")
    if package is None or package.origin is None:
        pytest.skip("needs pgserver, which there is for Python 3.11 and 3.12")
    with tempfile.TemporaryDirectory(prefix="facesite-pg-") as folder:
        # Whoever may not run as root may not read what root has installed for itself either.
        for part in ("pgserver/pginstall", "pgserver.libs"):
            shutil.copytree(Path(package.origin).parents[1] / part, Path(folder) / part)
        with serving_postgresql(Path(folder) / "pgserver/pginstall/bin", Path(folder)) as address:
            yield address


@contextmanager
def serving_postgresql(programs: Path, folder: Path, *settings: str) -> Iterator[str]:
    """The address of a server that keeps everything in an empty folder, or beside what is there.

    Its locale is C, as some hosts have it: the one in which PostgreSQL knows upper and lower case
    only of a to z.
    """
    # PostgreSQL does not run as root.
    account = "postgres" if os.geteuid() == 0 else None
    if account:
        shutil.chown(folder, account)
    cluster, port = f"{folder}/cluster", str(free_port())
    made = ["-D", cluster, "-U", "facesite", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    subprocess.run(
        [programs / "initdb", *made],
        user=account,
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    # Segments of the write-ahead log that it no longer needs are deleted, and not used again.
    options = ["-D", cluster, "-k", str(folder), "-h", "127.0.0.1", "-p", port]
    for setting in ("wal_recycle=off", *settings):
        options += ["-c", setting]
    with subprocess.Popen(
        [programs / "postgres", *options],
        user=account,
        cwd=folder,
        stderr=subprocess.DEVNULL,
    ) as server:
        address = f"postgres://facesite@127.0.0.1:{port}/postgres"
        wait_for(lambda: connects(address))
        yield address
        server.terminate()


def connects(address: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(address):
        return True
    return False


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The address of a Redis server that exists for these tests."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs Redis: apt-get install redis-server")
    port = str(free_port())
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [program, "--port", port, "--save", ""], cwd=folder, stdout=subprocess.DEVNULL
        ) as server,
    ):
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@contextmanager
def serving_s3(host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server that speaks S3 and has no bucket yet."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", host, "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        address = f"{host}:{port}"
        wait_for(lambda: listens(host, port))
        yield address
        server.kill()


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    with serving_s3() as address:
        yield address


def listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port)):
        return True
    return False


@contextmanager
def relay(server: str, host: str = "127.0.0.1", cut_after: int | None = None) -> Iterator[str]:
    """Another address of a server, at which answers may be cut off after so many bytes."""
    with socket.create_server((host, 0)) as door:
        threading.Thread(target=_let_in, args=(door, server, cut_after), daemon=True).start()
        yield f"{host}:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)


def _let_in(door: socket.socket, server: str, cut_after: int | None) -> None:
    host, port = server.split(":")
    with suppress(OSError):  # the door was closed
        while True:
            visitor, _ = door.accept()
            behind = socket.create_connection((host, int(port)))
            for way in ((visitor, behind, None), (behind, visitor, cut_after)):
                threading.Thread(target=_pass_on, args=way, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, most: int | None) -> None:
    left = math.inf if most is None else most
    with suppress(OSError):
        while left > 0 and (data := source.recv(2**16)):
            target.sendall(data[: int(min(left, len(data)))])
            left -= len(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def new_bucket(server: str, name: str) -> str:
    """What `S3_URL` says of a folder of an empty bucket on that server."""
    urlopen(Request(f"http://{server}/{name}", method="PUT")).close()
    return f"http://key:secret@{server}/{name}/site"


def keep_in(url: str, settings: Settings) -> None:
    """Have this process keep files in that bucket."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("S3_URL", url)
        settings.S3 = env.bucket("S3_URL")
    backend = {"BACKEND": "facesite.bucket.Bucket"}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


def new_database(server: str, name: str) -> str:
    """The address of an empty database on that server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"
