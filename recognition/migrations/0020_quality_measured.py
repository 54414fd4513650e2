"""What was measured in faces that are hard to recognise."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("recognition", "0019_audit_term"),)

    operations = (
        migrations.AddField("probeface", "quality_measured", models.JSONField(default=dict, blank=True)),
    )
