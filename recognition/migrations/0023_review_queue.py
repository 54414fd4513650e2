"""The order in which faces are reviewed, and who holds which."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Abs


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0022_looked_after'),
    ]

    operations = [
        migrations.AddField(
            model_name='probeface',
            name='held_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='probeface',
            name='held_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='probeface',
            name='certainty',
            field=models.GeneratedField(db_persist=True, expression=Abs(models.F('probability') - 0.5), output_field=models.FloatField(verbose_name='certainty')),
        ),
        migrations.AddIndex(
            model_name='probeface',
            index=models.Index(fields=['review', 'certainty'], name='recognition_review_e88137_idx'),
        ),
        migrations.AddIndex(
            model_name='probeface',
            index=models.Index(fields=['review', 'id'], name='recognition_review_7aeb6d_idx'),
        ),
        migrations.AddIndex(
            model_name='probeface',
            index=models.Index(fields=['review', 'decision', 'person'], name='recognition_review_031bc4_idx'),
        ),
    ]
