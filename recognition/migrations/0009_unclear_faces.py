"""Faces too poor to tell, faces of one person in one photo, and photos whose file ends too early.

Faces whose quality alone kept a name from them were stored as unknown. On SQLite a new column of
`identification` rebuilds its table, which drops its trigger.
"""

from importlib import import_module

from django.db import migrations, models

before = import_module("recognition.migrations.0002_roles_and_triggers")
TABLES = ("recognition_identification",)
MINIMUM_QUALITY = 0.1


def make_trigger(apps, schema_editor):
    before.make_triggers(apps, schema_editor, TABLES)


def drop_trigger(apps, schema_editor):
    before.drop_triggers(apps, schema_editor, TABLES)


def to_unclear(apps, _schema_editor):
    faces = apps.get_model("recognition", "ProbeFace").objects
    faces.filter(decision="unknown", quality__lt=MINIMUM_QUALITY).update(decision="unclear")


def to_unknown(apps, _schema_editor):
    faces = apps.get_model("recognition", "ProbeFace").objects
    faces.filter(decision="unclear").update(decision="unknown")


class Migration(migrations.Migration):
    dependencies = [("recognition", "0008_enrolment")]
    operations = [
        migrations.AlterField(
            "probeface",
            "decision",
            models.CharField(
                "decision",
                max_length=9,
                choices=[
                    ("match", "Match"),
                    ("ambiguous", "Ambiguous"),
                    ("unknown", "Unknown"),
                    ("unclear", "Too poor to tell"),
                ],
            ),
        ),
        migrations.AddField(
            "probeface",
            "rival",
            models.PositiveSmallIntegerField(
                "rival",
                null=True,
                blank=True,
                help_text="The index of another face of the photo that is more like the same person.",
            ),
        ),
        migrations.RunPython(to_unclear, to_unknown),
        migrations.RunPython(drop_trigger, make_trigger),
        migrations.AddField(
            "identification",
            "cut_short",
            models.BooleanField(
                "cut short",
                default=False,
                help_text="The file ends too early: the photo was looked at as far as it goes.",
            ),
        ),
        migrations.RunPython(make_trigger, drop_trigger),
    ]
