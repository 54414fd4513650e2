from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.consent import ConsentText, How
from recognition.models.people import EnrolledFace, Person
from recognition.models.work import PROCESSES, Kind, QueuedWork


def import_path(_file: models.Model, _name: str) -> str:
    return f"imports/{uuid.uuid4()}"


def preview_path(_file: models.Model, _name: str) -> str:
    return f"previews/{uuid.uuid4()}.jpg"


class Import(models.Model):
    """Many people whom an operator brings in at once. It is looked at first, and goes after a day.

    `purposes` and `how` say what the people in it have agreed to: those of whom a table says yes,
    and with `everybody` also those of whom no table says anything. `notes` are on folders and
    tables, as `{"path", "code", "params"}`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="imports"
    )
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    purposes = models.JSONField(default=list, blank=True)
    how = models.CharField(max_length=10, choices=How, blank=True)
    text = models.ForeignKey(ConsentText, models.PROTECT, null=True, related_name="+")
    everybody = models.BooleanField(default=True)
    notes = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("import of people")
        verbose_name_plural = _("imports of people")
        ordering = ("-created_at",)


class ImportRun(QueuedWork):
    """One way through an import: a look that changes nothing, or its enrolment."""

    kind = Kind("recognition.tasks.train_import", PROCESSES)

    batch = models.ForeignKey(Import, models.CASCADE, related_name="runs")
    enrols = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("batch", "enrols"), name="one_run_of_each_sort"),
        )


class ImportFile(models.Model):
    """A photo or a table of an import, with what came of it. It goes with its person.

    `folder` is the name of its person, once that was looked at, and `person` who that is, if the
    gallery has them. `code` and `params` are of its refusal, or of a remark, and `other` is whom
    that is about. Of several `faces`, each a box in the photo of that `width` and `height`,
    somebody may choose the one in `box`. `done` has what the run under way need not look at.
    """

    class Outcome(models.TextChoices):
        NONE = "", _("Not looked at yet")
        NEW = "new", _("Can be enrolled")
        UNCHANGED = "unchanged", _("Enrolled before")
        REFUSED = "refused", _("Refused")
        ENROLLED = "enrolled", _("Enrolled")
        LEFT_OUT = "left_out", _("Left out")

    batch = models.ForeignKey(Import, models.CASCADE, related_name="files")
    path = models.CharField(max_length=500)
    file = models.FileField(upload_to=import_path, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    folder = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+")
    outcome = models.CharField(max_length=9, choices=Outcome, blank=True)
    code = models.CharField(max_length=40, blank=True)
    params = models.JSONField(default=dict, blank=True)
    other = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    face = models.ForeignKey(EnrolledFace, models.SET_NULL, null=True, related_name="+")
    preview = models.FileField(upload_to=preview_path, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    faces = models.JSONField(default=list, blank=True)
    box = models.JSONField(null=True)
    force = models.BooleanField(default=False)
    done = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("batch", "path"), name="one_file_per_path"),)
        indexes = (models.Index(fields=("batch", "folder")),)
