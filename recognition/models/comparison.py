from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from recognition.models.model_versions import ModelVersion
from recognition.models.work import Kind, QueuedWork, original_path


def compared_path(_comparison: models.Model, _name: str) -> str:
    return f"compared/{uuid.uuid4()}.jpg"


class Comparison(QueuedWork):
    """Two photos of which somebody asks whether they show one person. Nobody of the gallery is.

    `faces` has the faces of the first photo and those of the second, from left to right, each as
    `{"box", "quality"}` in pixels of its photo, and `pairs` for each of the first the likeness to
    each of the second, as `{"probability", "similarity"}`. `wrong` is the photo, 0 or 1, that
    could not be used.
    """

    kind = Kind("recognition.tasks.compare", owner="user")
    inputs = ("first", "second")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comparisons")
    first_name = models.CharField(max_length=255)
    second_name = models.CharField(max_length=255)
    first = models.FileField(upload_to=original_path, blank=True)
    second = models.FileField(upload_to=original_path, blank=True)
    first_photo = models.FileField(upload_to=compared_path, blank=True)
    second_photo = models.FileField(upload_to=compared_path, blank=True)
    sizes = models.JSONField(default=list, blank=True)
    faces = models.JSONField(default=list, blank=True)
    pairs = models.JSONField(default=list, blank=True)
    wrong = models.PositiveSmallIntegerField(null=True)
    model_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("user", "-created_at")),)

    @property
    def names(self) -> tuple[str, str]:
        return self.first_name, self.second_name
