from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def follow_the_way_back(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Until now each version knew one that it had replaced."""
    versions = {row.pk: row for row in apps.get_model("recognition", "ModelVersion").objects.all()}
    for version in versions.values():
        names: list[str] = []
        before = versions.get(version.replaced_id)
        while before is not None and before.name not in {version.name, *names}:
            names.insert(0, before.name)
            before = versions.get(before.replaced_id)
        version.served_before = names
        version.save(update_fields=("served_before",))


class Migration(migrations.Migration):
    dependencies = [("recognition", "0011_answers_by_classes")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="served_before",
            field=models.JSONField(blank=True, default=list, verbose_name="served before"),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="going_back",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="trainingrun",
            name="promote",
            field=models.CharField(
                choices=[("auto", "if it is better by more than chance"), ("never", "never by itself")],
                default="auto",
                max_length=5,
                verbose_name="put into service",
            ),
        ),
        migrations.RunPython(follow_the_way_back, migrations.RunPython.noop),
    ]
