from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyKey(models.Model):
    """A program's own key for one upload, so that asking again does not upload again.

    `digest` is of what it brought then. `refused` are the files that were not taken, and is null
    as long as the upload is not stored.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    batch = models.UUIDField(default=uuid.uuid4)
    refused = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("user", "key"), name="one_upload_per_idempotency_key"),
        )
