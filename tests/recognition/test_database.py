"""What the database itself promises, whoever writes to it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.utils import ConnectionHandler

from recognition.models import Enrolment, Identification, Person, Status, User

RANK = {"queued": 0, "running": 1, "done": 2, "rejected": 2, "failed": 2}
FORWARD = [(a, b) for a, b in itertools.product(RANK, RANK) if a == b or RANK[a] < RANK[b]]
BACKWARD = [(a, b) for a, b in itertools.product(RANK, RANK) if (a, b) not in FORWARD]


def make_rows(user: User, status: str) -> list[Identification | Enrolment]:
    return [
        Identification.objects.create(user=user, filename="a.jpg", status=status),
        Enrolment.objects.create(
            person=Person.objects.create(name="Ada"), filename="a.jpg", status=status
        ),
    ]


def set_status(row: Identification | Enrolment, status: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        key = row._meta.pk.get_db_prep_value(row.pk, connection)
        table = row._meta.db_table
        cursor.execute(f"UPDATE {table} SET status = %s WHERE id = %s", [status, key])  # noqa: S608
        assert cursor.rowcount == 1


@pytest.mark.parametrize(("before", "after"), FORWARD)
def test_a_status_may_move_forward(user: User, before: str, after: str) -> None:
    for row in make_rows(user, before):
        set_status(row, after)
        row.refresh_from_db()
        assert row.status == Status(after)


@pytest.mark.parametrize(("before", "after"), BACKWARD)
def test_a_status_never_moves_back_not_even_by_raw_sql(user: User, before: str, after: str) -> None:
    for row in make_rows(user, before):
        with pytest.raises(IntegrityError, match="status moves only forward"):
            set_status(row, after)
        row.refresh_from_db()
        assert row.status == Status(before)


@pytest.mark.django_db  # which lets it open a database at all
def test_what_is_erased_is_not_left_in_the_file_of_the_database(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    own = ConnectionHandler({"default": {**settings.SQLITE, "NAME": file}})["default"]
    with own.cursor() as cursor:
        cursor.execute("CREATE TABLE people (name text)")
        cursor.execute("INSERT INTO people VALUES ('Ada Lovelace')")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"Ada Lovelace" in file.read_bytes()
        cursor.execute("DELETE FROM people")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"Ada Lovelace" not in file.read_bytes()
    own.close()
