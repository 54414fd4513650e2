"""Rows as lines of JSON that no database is needed to read, and back into one of either kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Field, Model

BATCH: Final = 500
_AS_IT_IS: Final = (type(None), bool, int, float, str)


@contextmanager
def snapshot() -> Iterator[None]:
    """What is read in the block is as it was when the first of it was read, whoever writes
    meanwhile; nobody has to wait."""
    with _without_the_write_lock(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _without_the_write_lock() -> Iterator[None]:
    """On SQLite transactions of the site begin with it, which this one does not need."""
    database: Any = connection
    database.ensure_connection()  # which sets the mode
    mode = getattr(database, "transaction_mode", None)
    database.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        database.transaction_mode = mode


def lines(model: type[Model]) -> Iterator[str]:
    """A line for each row, without the whole table in memory."""
    fields = model._meta.concrete_fields
    for row in model._base_manager.order_by("pk").iterator(BATCH):
        values = {field.attname: _plain(field, row) for field in fields}
        yield json.dumps(values, ensure_ascii=False) + "\n"


def _plain(field: Field[Any, Any], row: Model) -> Any:
    """What JSON has itself, or else text; Django's own encoder would shorten times."""
    value = field.value_from_object(row)
    return value if isinstance(value, _AS_IT_IS) else field.value_to_string(row)


def empty(models: Iterable[type[Model]]) -> None:
    """Take out what migrations have put into tables that are about to be filled."""
    for model in models:
        model._base_manager.all().delete()


def store(model: type[Model], lines: Iterable[bytes]) -> int:
    """Store rows from their lines; returns how many. What they refer to may come later in the same
    transaction: the database looks at its end.

    Raises:
        ValueError, TypeError, KeyError, ValidationError: a line is not that of such a row.
        DatabaseError: the database does not take it.
    """
    stored, rows = 0, (_row(model, json.loads(line)) for line in lines)
    while batch := list(islice(rows, BATCH)):
        stored += len(model._base_manager.bulk_create(batch))
    return stored


def _row(model: type[Model], values: dict[str, Any]) -> Model:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return model(**{name: fields[name].to_python(value) for name, value in values.items()})


def check_references() -> None:
    """Raise `IntegrityError` now rather than at the end of the transaction."""
    connection.check_constraints()
    ContentType.objects.clear_cache()
