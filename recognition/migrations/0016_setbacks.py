"""What the place spoils no longer counts against a photo, which waits and can be tried again.

So a status has two ways back, and both say why: from running to queued with what it waits for, and
from failed to queued as long as the uploaded bytes are kept. On SQLite new columns rebuild the
tables, which drops their triggers.
"""

from importlib import import_module

from django.db import migrations, models

before = import_module("recognition.migrations.0002_roles_and_triggers")
BACKWARDS = """
    (OLD.status IN ('done', 'rejected') AND NEW.status <> OLD.status)
    OR (OLD.status = 'failed' AND NEW.status <> OLD.status
        AND NOT (NEW.status = 'queued' AND OLD.original <> ''))
    OR (OLD.status = 'running' AND NEW.status = 'queued' AND NEW.waits_for = '')
"""


def make_triggers(_apps, schema_editor):
    statement = {"sqlite": before.SQLITE, "postgresql": before.POSTGRESQL}
    for table in before.TABLES:
        sql = statement[schema_editor.connection.vendor].format(table=table, backwards=BACKWARDS)
        schema_editor.execute(sql, params=None)


def fields():
    for model in ("enrolment", "identification", "trainingrun", "trial"):
        yield migrations.AlterField(model, "attempts", models.PositiveIntegerField(default=0, verbose_name="attempts"))
        yield migrations.AddField(model, "failures", models.PositiveSmallIntegerField(default=0))
        yield migrations.AddField(model, "setbacks", models.PositiveIntegerField(default=0))
        yield migrations.AddField(model, "waits_for", models.CharField(blank=True, max_length=20))
        yield migrations.AddField(model, "set_back_at", models.DateTimeField(blank=True, null=True))
        yield migrations.AddField(model, "due_at", models.DateTimeField(blank=True, null=True))
        yield migrations.AddField(model, "claimed_by", models.CharField(blank=True, max_length=100))


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0015_sessions_are_listed'),
    ]

    operations = [
        migrations.RunPython(before.drop_triggers, before.make_triggers),
        *fields(),
        migrations.RunPython(make_triggers, before.drop_triggers),
    ]
