from __future__ import annotations

from django.db import models

from recognition.models.model_versions import ModelVersion


class VectorTable(models.Model):
    """A table of vectors in PostgreSQL, see `recognition.services.gallery.vectors`.

    It has everybody as of `revision`, of whom `key` says how they came to be in it; none until it
    can be asked. One that is behind the gallery's revision is not asked any more.
    """

    model_version = models.OneToOneField(ModelVersion, models.CASCADE, primary_key=True)
    key = models.CharField(max_length=16)
    revision = models.PositiveBigIntegerField(null=True)

    class Meta:
        default_permissions = ()
