"""Migrations run before the new code starts, while processes of the last release are still at work:
whatever those read and write must stay as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import models
from django.db.migrations import operations as does
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tests.releases import LAST_MIGRATION

APP = "recognition"
TAKES_AWAY = (
    does.DeleteModel,
    does.RemoveField,
    does.RenameField,
    does.RenameModel,
    does.AlterModelTable,
)
NOBODY_CAN_TELL = (does.RunPython, does.RunSQL, does.AddConstraint, does.AlterUniqueTogether)
LOOKED_AT: dict[str, str] = {
    "0036_trials_set_back RunPython": "its trigger forbids nothing that the last release does",
}
"""Why what is said of an operation does no harm: "0035_name RunPython" → the reason."""


def migrations() -> MigrationLoader:
    return MigrationLoader(None)


def newer(loader: MigrationLoader) -> Iterator[tuple[str, Operation]]:
    """What the last release does not have, with the name of its migration."""
    for app, name in sorted(loader.disk_migrations):
        if app == APP and name > LAST_MIGRATION:
            for operation in loader.disk_migrations[app, name].operations:
                yield name, operation


def harm(operation: Operation, release: ProjectState) -> str:
    """What an operation does to processes of the last release, or nothing."""
    known = (APP, getattr(operation, "model_name", "").lower()) in release.models
    if isinstance(operation, TAKES_AWAY):
        return "the last release asks for what it takes away"
    if isinstance(operation, does.AddField) and known and not _is_filled(operation.field):
        return "the last release adds rows without it: null=True or db_default"
    if isinstance(operation, does.AlterField) and known and not _is_filled(operation.field):
        was = release.models[APP, operation.model_name_lower].fields[operation.name]
        return "the last release leaves it empty: db_default" if was.null else ""
    return "nobody has said why it does no harm" if isinstance(operation, NOBODY_CAN_TELL) else ""


def _is_filled(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether a row without a value for this column is taken."""
    return field.null or field.has_db_default() or field.generated or field.many_to_many is True


def test_the_last_release_works_with_the_database_of_this_one() -> None:
    loader = migrations()
    release = loader.project_state((APP, LAST_MIGRATION))
    found = {f"{name} {type(one).__name__}": harm(one, release) for name, one in newer(loader)}
    assert {which: why for which, why in found.items() if why and which not in LOOKED_AT} == {}
    assert set(LOOKED_AT) <= set(found)


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (does.RemoveField("Person", "name"), "takes away"),
        (does.RenameField("Person", "name", "called"), "takes away"),
        (does.DeleteModel("Person"), "takes away"),
        (does.AddField("Person", "age", models.IntegerField(default=0)), "without it"),
        (does.AlterField("Person", "hidden_at", models.DateTimeField()), "leaves it empty"),
        (does.RunSQL("SELECT 1"), "nobody has said"),
        (does.AddField("Person", "age", models.IntegerField(db_default=0)), ""),
        (does.AddField("Person", "age", models.IntegerField(null=True)), ""),
        (does.AlterField("Person", "hidden_at", models.DateTimeField(db_default=None)), ""),
        (does.AddField("New", "age", models.IntegerField()), ""),
    ],
)
def test_what_would_break_the_last_release_is_named(operation: Operation, why: str) -> None:
    said = harm(operation, migrations().project_state((APP, LAST_MIGRATION)))
    assert why in said
    assert bool(why) == bool(said)
