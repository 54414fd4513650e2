"""A trial that lost its process waits again, as photos and enrolments do since 0016.

Rebuilding its table, 0016 dropped its trigger on SQLite, and left the old one on PostgreSQL, where
no trial could be set back.
"""

from importlib import import_module

from django.db import migrations

first = import_module("recognition.migrations.0002_roles_and_triggers")
lately = import_module("recognition.migrations.0016_setbacks")
TABLE = "recognition_trial"


def make_trigger(apps, schema_editor):
    drop_trigger(apps, schema_editor)
    statement = {"sqlite": first.SQLITE, "postgresql": first.POSTGRESQL}
    sql = statement[schema_editor.connection.vendor]
    schema_editor.execute(sql.format(table=TABLE, backwards=lately.BACKWARDS), params=None)


def drop_trigger(_apps, schema_editor):
    on_table = f" ON {TABLE}" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_forward{on_table}")


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0035_lists_at_size'),
    ]

    operations = [
        migrations.RunPython(make_trigger, drop_trigger),
    ]
