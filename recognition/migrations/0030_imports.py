"""People who are brought in from the browser."""

import django.db.models.deletion
import django.utils.timezone
import recognition.models.imports
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0029_strangers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('purposes', models.JSONField(blank=True, default=list)),
                ('how', models.CharField(blank=True, choices=[('paper', 'On paper, signed'), ('electronic', 'Electronically'), ('guardian', 'By a parent or guardian'), ('other', 'In another way'), ('before', 'Before there were records')], max_length=10)),
                ('everybody', models.BooleanField(default=True)),
                ('notes', models.JSONField(blank=True, default=list)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imports', to=settings.AUTH_USER_MODEL)),
                ('text', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='recognition.consenttext')),
            ],
            options={
                'verbose_name': 'import of people',
                'verbose_name_plural': 'imports of people',
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='ImportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=500)),
                ('file', models.FileField(blank=True, upload_to=recognition.models.imports.import_path)),
                ('size', models.PositiveBigIntegerField(default=0)),
                ('folder', models.CharField(blank=True, max_length=200)),
                ('outcome', models.CharField(blank=True, choices=[('', 'Not looked at yet'), ('new', 'Can be enrolled'), ('unchanged', 'Enrolled before'), ('refused', 'Refused'), ('enrolled', 'Enrolled'), ('left_out', 'Left out')], max_length=9)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('preview', models.FileField(blank=True, upload_to=recognition.models.imports.preview_path)),
                ('width', models.PositiveIntegerField(null=True)),
                ('height', models.PositiveIntegerField(null=True)),
                ('faces', models.JSONField(blank=True, default=list)),
                ('box', models.JSONField(null=True)),
                ('force', models.BooleanField(default=False)),
                ('done', models.BooleanField(default=False)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='recognition.import')),
                ('face', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.enrolledface')),
                ('other', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recognition.person')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='recognition.person')),
            ],
            options={
                'indexes': [models.Index(fields=['batch', 'folder'], name='recognition_batch_i_d96b5d_idx')],
                'constraints': [models.UniqueConstraint(fields=('batch', 'path'), name='one_file_per_path')],
            },
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'At work'), ('done', 'Done'), ('rejected', 'Not usable'), ('failed', 'Failed')], default='queued', max_length=8, verbose_name='status')),
                ('error_code', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('setbacks', models.PositiveIntegerField(default=0)),
                ('waits_for', models.CharField(blank=True, max_length=20)),
                ('set_back_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_by', models.CharField(blank=True, max_length=100)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='asked at')),
                ('claimed_at', models.DateTimeField(blank=True, null=True, verbose_name='started at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('enrols', models.BooleanField(default=False)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='recognition.import')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('batch', 'enrols'), name='one_run_of_each_sort')],
            },
        ),
    ]
