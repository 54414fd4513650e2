"""Counting answers and open reviews of a large site without reading the faces themselves."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("recognition", "0023_review_queue"),)

    operations = (
        migrations.AddIndex(
            "probeface",
            models.Index(fields=("identification", "decision", "review"), name="counted_of_photos"),
        ),
    )
