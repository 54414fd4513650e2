"""Which part of a face decided: made on request, kept with the face."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0024_counted_of_photos'),
    ]

    operations = [
        migrations.CreateModel(
            name='HeatMap',
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
                ('falls', models.JSONField(blank=True, default=list)),
                ('region', models.CharField(blank=True, max_length=10)),
                ('face', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='heat', to='recognition.probeface')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='recognition.person')),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'heat map',
                'verbose_name_plural': 'heat maps',
            },
        ),
    ]
