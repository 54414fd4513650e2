"""Lists a page at a time. A cursor says which row the last page ended with, so that rows that come
or go meanwhile move nothing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from recognition.api.problems import Problem

Row = TypeVar("Row", bound=Model)
MOST = 100


def page(rows: QuerySet[Row], by: str, cursor: str, limit: int) -> tuple[QuerySet[Row], str | None]:
    """The rows after the cursor in the order of that field (from the last if it begins with a
    minus), and the cursor of what follows."""
    field, after = by.removeprefix("-"), "lt" if by.startswith("-") else "gt"
    ordered = rows.order_by(by, by.replace(field, "pk"))
    if cursor:
        value, pk = _read(rows, field, cursor)
        ordered = ordered.filter(
            Q(**{f"{field}__{after}": value}) | Q(**{field: value, f"pk__{after}": pk})
        )
    found = list(ordered.values_list("pk", field)[: limit + 1])
    shown = rows.model._default_manager.filter(pk__in=[pk for pk, _ in found[:limit]])
    last = _write(*found[limit - 1]) if len(found) > limit else None
    return shown.order_by(by, by.replace(field, "pk")), last


def _write(pk: object, value: object) -> str:
    return urlsafe_b64encode(json.dumps([str(value), str(pk)]).encode()).decode().rstrip("=")


def _read(rows: QuerySet[Row], field: str, cursor: str) -> list[Any]:
    meta = rows.model._meta
    try:
        said = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = (meta.get_field(field), meta.pk)
        return [one.to_python(text) for one, text in zip(fields, said, strict=True)]  # type: ignore[union-attr]
    except Exception as error:  # whatever somebody made up
        errors = [{"field": "query.cursor", "message": "This is no cursor of this list."}]
        raise Problem(422, "invalid", errors=errors) from error
