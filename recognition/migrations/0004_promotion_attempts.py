"""Promotions come to an end, and no row keeps the name of somebody who was erased.

Trials of before had names in their answers. They are kept for a day only now, so that they go at
once, and their files with them: rows that a migration deletes do not see to that themselves. The
sentence on two people with one face has names too, maybe of somebody who is no longer there.
"""

from django.core.files.storage import default_storage
from django.db import migrations, models


def drop_trials(apps, schema_editor):
    trials = apps.get_model("recognition", "Trial").objects.using(schema_editor.connection.alias)
    for trial in trials.all():
        for name in filter(None, (trial.original.name, trial.photo.name)):
            default_storage.delete(name)
    trials.all().delete()


def drop_names(apps, schema_editor):
    runs = apps.get_model("recognition", "TrainingRun").objects
    named = runs.using(schema_editor.connection.alias).filter(error_code="photo_of_two_people")
    named.update(message="")


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0003_training'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelversion',
            name='promotion_attempts',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.RunPython(drop_trials, migrations.RunPython.noop),
        migrations.RunPython(drop_names, migrations.RunPython.noop),
    ]
