"""Folders that people were enrolled from, and what speaks against a photo.

On SQLite a new column of `enrolment` rebuilds its table, which drops its trigger.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

before = import_module("recognition.migrations.0002_roles_and_triggers")
TABLES = ("recognition_enrolment",)


def make_trigger(apps, schema_editor):
    before.make_triggers(apps, schema_editor, TABLES)


def drop_trigger(apps, schema_editor):
    before.drop_triggers(apps, schema_editor, TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0007_turned_and_large_photos'),
    ]

    operations = [
        migrations.RunPython(drop_trigger, make_trigger),
        migrations.AddField(
            model_name='enrolledface',
            name='objection',
            field=models.CharField(blank=True, max_length=40, verbose_name='remark'),
        ),
        migrations.AddField(
            model_name='enrolledface',
            name='resembles',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.person', verbose_name='looks like'),
        ),
        migrations.AddField(
            model_name='enrolment',
            name='force',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='FolderName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='folder')),
                ('folded', models.CharField(max_length=600, unique=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='folder_names', to='recognition.person')),
            ],
            options={
                'verbose_name': 'folder',
                'verbose_name_plural': 'folders',
                'ordering': ('folded',),
            },
        ),
        migrations.RunPython(make_trigger, drop_trigger),
    ]
