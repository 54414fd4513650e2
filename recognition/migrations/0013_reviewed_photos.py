"""Photos that come into the gallery by the word of a reviewer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0012_served_before'),
    ]

    operations = [
        migrations.AddField(
            model_name='enrolledface',
            name='from_review',
            field=models.BooleanField(default=False, verbose_name='from a reviewed photo'),
        ),
        migrations.AddField(
            model_name='enrolledface',
            name='probe',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='enrolled', to='recognition.probeface', verbose_name='reviewed face'),
        ),
        migrations.AddField(
            model_name='enrolment',
            name='probe',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='enrolments', to='recognition.probeface'),
        ),
    ]
