"""A PostgreSQL server of one's own. Debian's package has to be there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.sites import free_port, wait_for


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Its address, with the database `postgres`."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    # PostgreSQL does not run as root.
    account = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="facesite-pg-") as folder:
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
        with subprocess.Popen(
            [programs / "postgres", "-D", cluster, "-k", folder, "-h", "127.0.0.1", "-p", port],
            user=account,
            cwd=folder,
            stderr=subprocess.DEVNULL,
        ) as server:
            address = f"postgres://facesite@127.0.0.1:{port}/postgres"
            wait_for(lambda: _connects(address))
            yield address
            server.terminate()


def _connects(address: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(address):
        return True
    return False


def new_database(server: str, name: str) -> str:
    """The address of an empty database on that server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"
