"""A face of any answer is enrolled, or proposed to be.

On SQLite a new column of `enrolment` rebuilds its table, which drops its trigger.
"""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

before = import_module("recognition.migrations.0002_roles_and_triggers")
lately = import_module("recognition.migrations.0016_setbacks")


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0025_heat_maps'),
    ]

    operations = [
        migrations.RunPython(before.drop_triggers, lately.make_triggers),
        migrations.AddField(
            model_name='enrolment',
            name='from_review',
            field=models.BooleanField(default=True),
        ),
        migrations.RunPython(lately.make_triggers, before.drop_triggers),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=200, verbose_name='name')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='proposed at')),
                ('outcome', models.CharField(blank=True, choices=[('', 'Open'), ('accepted', 'Accepted'), ('declined', 'Declined')], max_length=8, verbose_name='outcome')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided at')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('face', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='recognition.probeface')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='recognition.person')),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'proposal',
                'verbose_name_plural': 'proposals',
                'ordering': ('created_at', 'pk'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('face',), name='one_open_proposal_per_face')],
            },
        ),
    ]
