from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from recognition.models.identification import ProbeFace
from recognition.models.people import Person
from recognition.models.work import Kind, QueuedWork

GONE: Final = "gone"
"""The person, the face or what it was compared with is not there any more."""


class HeatMap(QueuedWork):
    """Which part of a face decided for the person whom its answer names; asked for by somebody.

    `falls` are rows of cells, see `ml.occlusion`, and `region` the part where most of it lies. It
    goes with the face, and with the person.
    """

    kind = Kind("recognition.tasks.explain", owner="requested_by")

    face = models.OneToOneField(ProbeFace, models.CASCADE, related_name="heat")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    falls = models.JSONField(default=list, blank=True)
    region = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name = _("heat map")
        verbose_name_plural = _("heat maps")
