"""Who tampers with the audit log is stopped by the database, or is found out."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.test import Client
from django.utils import timezone

from recognition.models import AuditEvent, AuditHead, Person, User
from recognition.services import chain
from recognition.services.audit import record
from tests.factories import make_user
from tests.sites import Site

TABLE = "recognition_auditevent"
ON_SQLITE = connection.vendor == "sqlite"
first = import_module("recognition.migrations.0014_audit_chain")
migration = import_module("recognition.migrations.0019_audit_term")


@pytest.fixture
def log(db: None) -> list[AuditEvent]:
    """Five rows."""
    person = Person.objects.create(name="Ada")
    return [record(None, "person.changed", person, fields=[number]) for number in range(5)]


def execute(statement: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


def run(statement: str, params: object = ()) -> int:
    """As an editor of schemas does."""
    return execute(statement)


@contextmanager
def unguarded() -> Iterator[None]:
    """As whoever may do everything in the database would go about it."""
    editor = connection.schema_editor()
    editor.execute = run  # type: ignore[assignment]
    migration.drop_triggers(None, editor)
    yield
    migration.make_triggers(None, editor)


# the database

STATEMENTS = {
    "an update": "UPDATE {table} SET action = 'nothing' WHERE number = 2",
    "an update of nothing but the actor's name": "UPDATE {table} SET actor_name = 'somebody else'",
    "an update of the chain": "UPDATE {table} SET digest = previous",
    "an update of the details": "UPDATE {table} SET details = '{{}}', actor_name = ''",
    "a removal": "DELETE FROM {table} WHERE number = 2",
    "a removal of all": "DELETE FROM {table}",
    **(
        {"a replacement": "REPLACE INTO {table} SELECT * FROM {table} WHERE number = 2"}
        if ON_SQLITE
        else {"emptying": "TRUNCATE {table}"}
    ),
}


@pytest.mark.parametrize("what", STATEMENTS)
def test_the_database_refuses(what: str, log: list[AuditEvent]) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        execute(STATEMENTS[what].format(table=TABLE))
    assert AuditEvent.objects.count() == 5
    assert chain.verify().whole


def test_a_name_can_be_taken_out_and_the_chain_stays_whole(operator: User) -> None:
    record(operator, "person.added", Person.objects.create(name="Ada"))
    assert execute(f"UPDATE {TABLE} SET actor_name = ''") == 1  # noqa: S608
    event = AuditEvent.objects.get()
    assert (event.actor, event.actor_name) == (operator, "")
    assert chain.verify().whole


# the chain


def test_each_row_has_the_digest_of_the_one_before(log: list[AuditEvent]) -> None:
    rows = list(AuditEvent.objects.order_by("number"))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous for row in rows] == ["", *(row.digest for row in rows[:-1])]
    assert AuditHead.objects.get().digest == rows[-1].digest


def test_what_is_rolled_back_was_never_in_the_log(log: list[AuditEvent]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():  # noqa: PT012
        record(None, "person.added", Person.objects.create(name="Grace"))
        raise ZeroDivisionError
    assert record(None, "person.added", Person.objects.create(name="Grace")).number == 6
    assert chain.verify().whole


def rewritten(number: int) -> str:
    """A row changed by somebody who knows how digests are made."""
    event = AuditEvent.objects.get(number=number)
    event.action = "person.added"
    said = f"action = '{event.action}', digest = '{chain.digest(event)}'"
    return f"UPDATE {TABLE} SET {said} WHERE number = {number}"  # noqa: S608


def inserted(number: int) -> str:
    event = AuditEvent(number=number, previous="", action="person.added", subject_type="person")
    columns = "number, previous, digest, actor_name, action, subject_type, subject_id, details"
    values = f"{number}, '', '{chain.digest(event)}', '', 'person.added', 'person', '', '{{}}'"
    when = f"'{event.created_at.isoformat()}'"
    return f"INSERT INTO {TABLE} ({columns}, created_at) VALUES ({values}, {when})"  # noqa: S608


TAMPERING: dict[str, tuple[Callable[[], list[str]], list[tuple[str, int, int]]]] = {
    "a row changed": (
        lambda: [f"UPDATE {TABLE} SET subject_id = '7' WHERE number = 3"],  # noqa: S608
        [("changed", 3, 3)],
    ),
    "a time changed": (
        lambda: [f"UPDATE {TABLE} SET created_at = '2020-01-01 10:00:00+00:00' WHERE number = 1"],  # noqa: S608
        [("changed", 1, 1)],
    ),
    "a row changed with a new digest": (lambda: [rewritten(3)], [("changed", 3, 3)]),
    "the last row changed with a new digest": (lambda: [rewritten(5)], [("changed", 5, 5)]),
    "rows removed": (
        lambda: [f"DELETE FROM {TABLE} WHERE number IN (2, 3)"],  # noqa: S608
        [("removed", 2, 3)],
    ),
    "the first row removed": (
        lambda: [f"DELETE FROM {TABLE} WHERE number = 1"],  # noqa: S608
        [("removed", 1, 1)],
    ),
    "the last row removed": (
        lambda: [f"DELETE FROM {TABLE} WHERE number = 5"],  # noqa: S608
        [("removed", 5, 5)],
    ),
    "all rows removed": (lambda: [f"DELETE FROM {TABLE}"], [("removed", 1, 5)]),  # noqa: S608
    "a row inserted at the end": (
        lambda: [inserted(6)],
        [("changed", 5, 5), ("inserted", 6, 6)],
    ),
    "a row inserted at the beginning": (
        lambda: [inserted(0)],
        [("inserted", 0, 0), ("changed", 1, 1)],
    ),
    "rows moved up for one between": (
        lambda: [
            f"UPDATE {TABLE} SET number = number + 10 WHERE number > 2",  # noqa: S608
            f"UPDATE {TABLE} SET number = number - 9 WHERE number > 10",  # noqa: S608
            inserted(3),
        ],
        [("changed", 2, 2), ("changed", 4, 6), ("inserted", 6, 6)],
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_it_is_found_where_the_chain_breaks(how: str, log: list[AuditEvent]) -> None:
    statements, expected = TAMPERING[how]
    with unguarded():
        for statement in statements():
            execute(statement)
    verified = chain.verify()
    assert [(one.kind, one.first, one.last) for one in verified.breaks] == expected
    assert not verified.whole


def test_it_is_said_when_the_triggers_are_gone(log: list[AuditEvent]) -> None:
    with unguarded():
        assert not chain.verify().guarded
    assert chain.verify().guarded


def test_a_log_rewritten_to_the_end_lacks_what_was_noted(log: list[AuditEvent]) -> None:
    noted = chain.head().digest
    with unguarded():
        execute(f"DELETE FROM {TABLE} WHERE number = 5")  # noqa: S608
        last = AuditEvent.objects.get(number=4)
        AuditHead.objects.update(number=4, digest=last.digest)
    assert chain.verify().whole
    assert not chain.verify([noted]).whole


@pytest.mark.django_db(transaction=True)
def test_many_write_at_the_same_moment() -> None:
    person = Person.objects.create(name="Ada")

    def write() -> None:
        for _ in range(5):
            record(None, "person.changed", person)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    verified = chain.verify()
    assert verified.whole
    assert verified.rows == verified.head.number == 30


# whoever looks


def verify_audit(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_audit", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_what_to_note(log: list[AuditEvent]) -> None:
    said = verify_audit()
    assert "5 rows, none changed, removed or inserted." in said
    digest = said.split()[-1]
    assert digest == log[-1].digest
    record(None, "person.changed", Person.objects.get())
    found = json.loads(verify_audit("--json", "--noted", digest).splitlines()[-1])
    assert found["whole"] is True
    assert (found["rows"], found["head"]["number"]) == (6, 6)


def test_the_command_fails_where_the_chain_breaks(log: list[AuditEvent]) -> None:
    with unguarded():
        execute(f"DELETE FROM {TABLE} WHERE number IN (2, 3)")  # noqa: S608
    out = StringIO()
    with pytest.raises(CommandError, match="not as it was written"):
        call_command("verify_audit", "--json", stdout=out)
    assert "Removed: rows 2 to 3" in out.getvalue()
    found = json.loads(out.getvalue().splitlines()[-1])
    assert found["breaks"] == [{"kind": "removed", "first": 2, "last": 3}]
    with pytest.raises(CommandError):
        verify_audit("--noted", "0" * 64)


def test_a_log_that_nobody_wrote_to_is_whole(db: None) -> None:
    assert "0 rows" in verify_audit()


def test_auditors_check_the_chain_on_a_page(
    log: list[AuditEvent], login: Callable[[User], Client]
) -> None:
    auditor = login(make_user("auditor"))
    page, check = "/admin/recognition/auditevent/", "/admin/recognition/auditevent/verify/"
    assert chain.head().digest in auditor.get(page).text
    assert "The chain is whole" in auditor.get(check, {"noted": log[2].digest}).text
    assert "that you have noted" in auditor.get(check, {"noted": "f" * 64}).text
    with unguarded():
        execute(f"DELETE FROM {TABLE} WHERE number IN (2, 3)")  # noqa: S608
    assert "Removed: rows 2 to 3" in auditor.get(check).text


# what has had its time


def aged(days: int) -> list[AuditEvent]:
    """Five rows, one of each of the last days before so many days ago."""
    person, events = Person.objects.create(name="Ada"), []
    for number in range(5):
        event = AuditEvent(
            action="person.changed", subject_type="person", subject_id=str(person.pk)
        )
        event.created_at = timezone.now() - dt.timedelta(days=days + 5 - number)
        events.append(chain.append(event))
    return events


def test_old_rows_are_dropped_and_the_rest_is_a_chain(db: None) -> None:
    events = aged(days=0)
    before = timezone.now() - dt.timedelta(days=2, hours=12)
    assert chain.expiring(before) == 3
    assert chain.expire(before) == 3
    kept = list(AuditEvent.objects.order_by("number"))
    assert [row.number for row in kept] == [4, 5, 6]
    assert kept[0].previous == events[2].digest
    assert kept[2].details == {"dropped": 3, "dropped_digest": events[2].digest}
    verified = chain.verify()
    assert (verified.whole, verified.rows) == (True, 3)
    assert chain.expire(before) == 0
    record(None, "person.added", Person.objects.create(name="Bob"))
    assert chain.verify().whole


def test_all_may_have_had_their_time(db: None) -> None:
    aged(days=1)
    assert chain.expire(timezone.now() - dt.timedelta(days=1)) == 5
    assert AuditEvent.objects.get().action == "audit.expired"
    assert chain.verify().whole


def test_a_row_that_a_wrong_clock_wrote_keeps_those_after_it(db: None) -> None:
    """They were written later, whatever their times say."""
    events = aged(days=0)
    assert chain.expire(events[0].created_at) == 0
    late = AuditEvent(action="person.changed", created_at=events[0].created_at)
    chain.append(late)
    assert chain.expire(events[1].created_at) == 1
    assert chain.verify().whole


def test_the_database_lets_go_only_of_what_was_dropped(db: None) -> None:
    aged(days=0)
    chain.expire(timezone.now() - dt.timedelta(days=2, hours=12))
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"DELETE FROM {TABLE} WHERE number = 4")  # noqa: S608


def test_who_drops_rows_by_hand_is_found_out(log: list[AuditEvent]) -> None:
    through = "dropped = 2, dropped_digest = (SELECT digest FROM {table} WHERE number = 2)"
    execute(f"UPDATE recognition_audithead SET {through}".format(table=TABLE))  # noqa: S608
    execute(f"DELETE FROM {TABLE} WHERE number <= 2")  # noqa: S608
    assert chain.verify().breaks == (chain.Break("removed", 1, 2),)


@pytest.mark.slow
@pytest.mark.skipif(not ON_SQLITE, reason="makes a file of SQLite")
def test_rows_of_a_site_from_before_are_chained(tmp_path: Path) -> None:
    before = first.Migration.dependencies[0][1]
    site = Site(tmp_path)
    site.manage("migrate", "recognition", before, "--verbosity=0")
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        columns = "actor_name, action, subject_type, subject_id, details, created_at"
        row = ("Ада", "person.added", "person", "1", '{"photos": 3}', "2026-01-02 03:04:05.678901")
        insert = f"INSERT INTO {TABLE} ({columns}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
        database.executemany(insert, [row] * 2500)
    site.manage("migrate", "--verbosity=0")
    assert "2,500 rows, none changed, removed or inserted." in site.manage("verify_audit")
