"""By how much a photo is turned, and in how many parts a large one was looked at.

On SQLite this rebuilds a table with a trigger, which goes beforehand and comes back afterwards.
"""

from importlib import import_module

from django.db import migrations, models

before = import_module("recognition.migrations.0002_roles_and_triggers")

TABLES = ("recognition_identification",)


def make_trigger(_apps, schema_editor):
    before.make_triggers(_apps, schema_editor, TABLES)


def drop_trigger(_apps, schema_editor):
    before.drop_triggers(_apps, schema_editor, TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0006_thresholds_of_faces"),
    ]

    operations = [
        migrations.RunPython(drop_trigger, make_trigger),
        migrations.AddField(
            model_name="identification",
            name="parts",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="A large photo is looked at as a whole and in parts.",
                verbose_name="parts looked at",
            ),
        ),
        migrations.AddField(
            model_name="identification",
            name="turned",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="Degrees, clockwise, by which all faces of the photo are turned.",
                verbose_name="turned by",
            ),
        ),
        migrations.RunPython(make_trigger, drop_trigger),
    ]
