"""Trainings, trials and the life of model versions; operators may manage them.

On SQLite this rebuilds the table of model versions, which has no triggers. A trial gets the trigger
that photos and enrolments have. A training may go back to waiting, so it gets none.
"""

import uuid
from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import recognition.models.training

before = import_module("recognition.migrations.0002_roles_and_triggers")

OPERATOR = ("manage_models", "view_trainingrun")
NAMES = {"manage_models": "Can train networks and put them into service"}
MODELS = {"manage_models": "modelversion"}
TABLES = ("recognition_trial",)


def make_roles(apps, schema_editor):
    database = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(database)
    group, _ = groups.get_or_create(name="operator")
    permissions = (before.permission(apps, database, name, NAMES, MODELS) for name in OPERATOR)
    group.permissions.add(*permissions)


def name_architecture(apps, schema_editor):
    """There was only one so far."""
    versions = apps.get_model("recognition", "ModelVersion").objects
    versions.using(schema_editor.connection.alias).update(architecture="sface")


def make_trigger(_apps, schema_editor):
    before.make_triggers(_apps, schema_editor, TABLES)


def drop_trigger(_apps, schema_editor):
    before.drop_triggers(_apps, schema_editor, TABLES)


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0002_roles_and_triggers'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='modelversion',
            options={'ordering': ('-created_at',), 'permissions': (('manage_models', 'Can train networks and put them into service'),), 'verbose_name': 'model version', 'verbose_name_plural': 'model versions'},
        ),
        migrations.AddField(
            model_name='modelversion',
            name='architecture',
            field=models.CharField(blank=True, max_length=40, verbose_name='architecture'),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='gate',
            field=models.JSONField(blank=True, default=dict, help_text='How it did against the version that was in service when it was made.', verbose_name='gate'),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='promotion_requested_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='replaced',
            field=models.ForeignKey(blank=True, help_text='The version that was in service before: where a rollback leads.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.modelversion', verbose_name='replaced'),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='size',
            field=models.PositiveBigIntegerField(default=0, verbose_name='bytes on disk'),
        ),
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'At work'), ('done', 'Done'), ('rejected', 'Not usable'), ('failed', 'Failed')], default='queued', max_length=8, verbose_name='status')),
                ('error_code', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='asked at')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='started at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('filename', models.CharField(max_length=255, verbose_name='file')),
                ('original', models.FileField(blank=True, upload_to=recognition.models.work.original_path)),
                ('photo', models.FileField(blank=True, upload_to=recognition.models.training.trial_photo_path, verbose_name='photo')),
                ('width', models.PositiveIntegerField(blank=True, null=True)),
                ('height', models.PositiveIntegerField(blank=True, null=True)),
                ('answers', models.JSONField(blank=True, default=dict, verbose_name='answers')),
                ('model_version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trials', to='recognition.modelversion')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'trial',
                'verbose_name_plural': 'trials',
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='TrainedPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_id', models.BigIntegerField(db_index=True)),
                ('erased_at', models.DateTimeField(blank=True, null=True)),
                ('model_version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trained_people', to='recognition.modelversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model_version', 'person_id'), name='one_trained_person_per_version')],
            },
        ),
        migrations.CreateModel(
            name='TrainingRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'At work'), ('done', 'Done'), ('rejected', 'Not usable'), ('failed', 'Failed')], default='queued', max_length=8, verbose_name='status')),
                ('error_code', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='asked at')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='started at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('name', models.SlugField(max_length=80, unique=True, verbose_name='run')),
                ('architecture', models.CharField(max_length=40, verbose_name='architecture')),
                ('arguments', models.JSONField(blank=True, default=dict, verbose_name='arguments')),
                ('promote', models.CharField(choices=[('auto', 'if it passes the gate'), ('never', 'never by itself')], default='auto', max_length=5, verbose_name='put into service')),
                ('precision', models.CharField(blank=True, max_length=20, verbose_name='precision')),
                ('phase', models.CharField(blank=True, choices=[('reading', 'Reading the photos'), ('crops', 'Finding and aligning the faces'), ('features', 'Computing features'), ('training', 'Training'), ('export', 'Exporting the network'), ('evaluation', 'Measuring it on people it has never seen'), ('embedding', 'Embedding the enrolled faces')], max_length=10, verbose_name='phase')),
                ('phase_done', models.PositiveIntegerField(default=0)),
                ('phase_total', models.PositiveIntegerField(default=0)),
                ('progress', models.JSONField(blank=True, default=dict, verbose_name='progress')),
                ('history', models.JSONField(blank=True, default=list, verbose_name='epochs')),
                ('skipped', models.JSONField(blank=True, default=list, verbose_name='photos left out')),
                ('message', models.TextField(blank=True, verbose_name='message')),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True, verbose_name='last sign of life')),
                ('stop_requested', models.BooleanField(default=False, verbose_name='is to stop')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='training_runs', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('version', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='training_run', to='recognition.modelversion', verbose_name='model version')),
            ],
            options={
                'verbose_name': 'training',
                'verbose_name_plural': 'trainings',
                'ordering': ('-created_at',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('status',), name='one_training_at_a_time')],
            },
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(name_architecture, migrations.RunPython.noop),
        migrations.RunPython(make_trigger, drop_trigger),
    ]
