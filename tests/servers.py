"""PostgreSQL and Redis as fixtures. Debian's packages of both have to be there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.sites import free_port, wait_for


@pytest.fixture(scope="module")
def postgresql_folder() -> Iterator[Path]:
    """Where that server keeps everything; the path of its socket may not be long."""
    with tempfile.TemporaryDirectory(prefix="facesite-pg-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def postgresql(postgresql_folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server that exists for these tests."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    # PostgreSQL does not run as root.
    account = "postgres" if os.geteuid() == 0 else None
    folder = postgresql_folder
    if account:
        shutil.chown(folder, account)
    cluster, port = f"{folder}/cluster", str(free_port())
    subprocess.run(
        [programs / "initdb", "-D", cluster, "-U", "facesite", "--auth=trust", "-E", "UTF8"],
        user=account,
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    # Segments of the write-ahead log that it no longer needs are deleted, and not used again.
    options = ["-D", cluster, "-k", str(folder), "-h", "127.0.0.1", "-p", port]
    with subprocess.Popen(
        [programs / "postgres", *options, "-c", "wal_recycle=off"],
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


def new_database(server: str, name: str) -> str:
    """The address of an empty database on that server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"
