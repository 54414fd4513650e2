"""Which tables a backup has, as the migrations say that were applied when it was made.

So a backup can be made before the database is brought up to date, and an old one restored by a
newer facesite: into the tables of its time, which are then brought up to date.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.models import Model

LEFT_OUT: Final = frozenset(
    {
        "sessions.session",  # signed with a key that no backup has
        "usersessions.usersession",
        "recognition.trial",  # kept for a day, and for whoever looks at it now
        "recognition.import",  # likewise
        "recognition.importrun",
        "recognition.importfile",
        "recognition.idempotencykey",  # kept for a day
        "recognition.vectortable",  # of what is made again from templates
    }
)
"""Tables that no backup has."""

Migration = tuple[str, str]
"""Its app and its name."""


def applied() -> list[Migration]:
    """Those that the database has had, of those that are known here."""
    loader = MigrationExecutor(connection).loader
    return sorted(set(loader.applied_migrations) & set(loader.graph.nodes))


def unknown(migrations: Collection[Migration]) -> set[Migration]:
    """Those that only another facesite knows."""
    return set(migrations) - set(MigrationExecutor(connection).loader.graph.nodes)


def bring_to(migrations: Collection[Migration]) -> None:
    """Make the tables, or bring those that are there to where these migrations lead."""
    executor = MigrationExecutor(connection)
    executor.migrate(_last(executor.loader.graph, migrations))


def models_at(migrations: Collection[Migration]) -> dict[str, type[Model]]:
    """The tables of a backup, by the labels of their models, as they were after these migrations.
    They have the fields of that time, and nothing of what a model does."""
    loader = MigrationExecutor(connection).loader
    state = loader.project_state(_last(loader.graph, migrations))
    models = state.apps.get_models(include_auto_created=True)
    found = {model._meta.label_lower: model for model in models if model._meta.managed}
    return {label: found[label] for label in sorted(found) if label not in LEFT_OUT}


def _last(graph: MigrationGraph, migrations: Collection[Migration]) -> list[Migration]:
    """Of each app those that no other of these follows."""
    there = set(migrations)

    def followed(migration: Migration) -> bool:
        children = {child.key for child in graph.node_map[migration].children}
        return any(child in there and child[0] == migration[0] for child in children)

    return [migration for migration in sorted(there) if not followed(migration)]
