"""A threshold is that of a face, and so is how much of it is due to people who look alike.

On SQLite this rebuilds a table with a trigger, which goes beforehand and comes back afterwards.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


before = import_module("recognition.migrations.0002_roles_and_triggers")
TABLES = ("recognition_identification",)


def make_trigger(apps, editor):
    before.make_triggers(apps, editor, TABLES)


def drop_trigger(apps, editor):
    before.drop_triggers(apps, editor, TABLES)


def to_faces(apps, _editor):
    faces, photos = (apps.get_model("recognition", name) for name in ("ProbeFace", "Identification"))
    raised = photos.objects.filter(pk=OuterRef("identification")).values("threshold_raised")
    faces.objects.filter(identification__threshold_raised__gt=0).update(
        threshold_raised=Subquery(raised)
    )


def to_photos(apps, _editor):
    faces, photos = (apps.get_model("recognition", name) for name in ("ProbeFace", "Identification"))
    raised = faces.objects.filter(identification=OuterRef("pk")).order_by("index")
    photos.objects.filter(faces__threshold_raised__gt=0).update(
        threshold_raised=Subquery(raised.values("threshold_raised")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("recognition", "0005_recipes")]
    operations = [
        migrations.AddField(
            "probeface",
            "threshold_raised",
            models.FloatField(
                "threshold raised by",
                default=0,
                help_text="How much of that is due to enrolled people who look alike.",
            ),
        ),
        migrations.AlterField(
            "probeface",
            "threshold",
            models.FloatField(
                "threshold", help_text="The similarity from which this face got a name."
            ),
        ),
        migrations.RunPython(to_faces, to_photos),
        migrations.RunPython(drop_trigger, make_trigger),
        migrations.RemoveField("identification", "threshold_raised"),
        migrations.RunPython(make_trigger, drop_trigger),
        migrations.AddField(
            "candidate",
            "other_name",
            models.BooleanField(
                "other name",
                default=False,
                help_text="This and the first candidate look like one person under two names.",
            ),
        ),
    ]
