"""What was asked of a training, and what came of it, under the names that they have everywhere.

`stages` is how many were asked for, and no longer what a run has: that is part of its `recipe`.
What was not asked for is not there.
"""

from django.db import migrations

DATA = ("from_site", "data", "crops", "hold_out", "minimum", "groups")
USUAL = {"seed": 0, "precision": "auto", "epochs": [], "learning_rates": []}


def to_recipes(apps, _editor):
    runs = apps.get_model("recognition", "TrainingRun")
    for run in runs.objects.exclude(arguments={}):
        run.arguments = renamed(dict(run.arguments))
        run.save(update_fields=("arguments",))


def renamed(arguments):
    begun, count = arguments.pop("stages", None), arguments.pop("stage_count", None)
    kept = {
        name: value
        for name, value in arguments.items()
        if name in DATA or (value is not None and value != USUAL.get(name))
    }
    if count is not None:
        kept["stages"] = count
    if begun:
        kept["recipe"] = {"stages": [stage_of(stage) for stage in begun]}
    return kept


def stage_of(stage):
    return {("trainable" if name == "opened" else name): stage[name] for name in stage}


class Migration(migrations.Migration):
    dependencies = [("recognition", "0004_promotion_attempts")]
    operations = [migrations.RunPython(to_recipes, migrations.RunPython.noop)]
