"""The next number of each table. That of a row which was erased must not be given again: the audit
log and trained versions still speak of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import connection
from django.db.models import AutoField, BigAutoField, Model

_LAST: Final = {
    "sqlite": "SELECT seq FROM sqlite_sequence WHERE name = %s AND %s <> ''",
    "postgresql": "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)",
}


def last(models: Mapping[str, type[Model]]) -> dict[str, int]:
    """The last number that was given in each table, by the label of its model."""
    found = {label: _last(model) for label, model in models.items() if _is_numbered(model)}
    return {label: number for label, number in found.items() if number}


def go_on(models: Mapping[str, type[Model]], last: Mapping[str, int]) -> None:
    """Give no number again that was given."""
    for label, number in last.items():
        if label in models:
            _go_on(models[label], number)


def _is_numbered(model: type[Model]) -> bool:
    return isinstance(model._meta.pk, AutoField | BigAutoField)


def _last(model: type[Model]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LAST[connection.vendor], _place(model))
        row = cursor.fetchone()
    return int(row[0]) if row and row[0] else 0


def _go_on(model: type[Model], number: int) -> None:
    for statement, parameters in _statements(model, number):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)


def _statements(model: type[Model], number: int) -> list[tuple[str, list[str | int]]]:
    table, column = _place(model)
    if connection.vendor == "postgresql":
        sequence = "pg_get_serial_sequence(%s, %s)"
        return [(f"SELECT setval({sequence}, %s)", [table, column, number])]
    return [
        ("DELETE FROM sqlite_sequence WHERE name = %s", [table]),
        ("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, number]),
    ]


def _place(model: type[Model]) -> tuple[str, str]:
    return model._meta.db_table, model._meta.pk.column or ""
