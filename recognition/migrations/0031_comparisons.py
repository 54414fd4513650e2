"""Two photos that are compared."""

import django.db.models.deletion
import django.utils.timezone
import recognition.models.comparison
import recognition.models.work
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0030_imports'),
    ]

    operations = [
        migrations.CreateModel(
            name='Comparison',
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
                ('first_name', models.CharField(max_length=255)),
                ('second_name', models.CharField(max_length=255)),
                ('first', models.FileField(blank=True, upload_to=recognition.models.work.original_path)),
                ('second', models.FileField(blank=True, upload_to=recognition.models.work.original_path)),
                ('first_photo', models.FileField(blank=True, upload_to=recognition.models.comparison.compared_path)),
                ('second_photo', models.FileField(blank=True, upload_to=recognition.models.comparison.compared_path)),
                ('sizes', models.JSONField(blank=True, default=list)),
                ('faces', models.JSONField(blank=True, default=list)),
                ('pairs', models.JSONField(blank=True, default=list)),
                ('wrong', models.PositiveSmallIntegerField(null=True)),
                ('model_version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='recognition.modelversion')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comparisons', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'comparison',
                'verbose_name_plural': 'comparisons',
                'ordering': ('-created_at', '-id'),
                'indexes': [models.Index(fields=['user', '-created_at'], name='recognition_user_id_2c2cd6_idx')],
            },
        ),
    ]
