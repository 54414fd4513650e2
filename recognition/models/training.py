from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognition.models.model_versions import ModelVersion
from recognition.models.work import PROCESSES, Kind, PhotoWork, QueuedWork, Status


class TrainingRun(QueuedWork):
    """One training: what was asked for, how far it is, what came of it.

    A run that was interrupted goes on from its last checkpoint, so that this status alone moves
    backwards: one that ended early, or whose process died, may wait for its turn again.
    `progress` is the last `ml.training.events.Step`, `history` has an `Epoch` for every finished
    epoch. `arguments` are the `DataOptions` and what was `GIVEN`, as in
    `recognition.services.training.options`, and from its start on the `recipe` that it has.
    `skipped` has `{"path", "reason"}` of files and `{"person", "photos", "reason"}` of people with
    too few. `message` is one sentence on why it failed, or notes, one a line.
    """

    kind = Kind("recognition.tasks.train", PROCESSES, needs_networks=False, take_turns=True)

    class Phase(models.TextChoices):
        READING = "reading", _("Reading the photos")
        CROPS = "crops", _("Finding and aligning the faces")
        FEATURES = "features", _("Computing features")
        TRAINING = "training", _("Training")
        EXPORT = "export", _("Exporting the network")
        EVALUATION = "evaluation", _("Measuring it on people it has never seen")
        EMBEDDING = "embedding", _("Embedding the enrolled faces")

    class Promote(models.TextChoices):
        AUTO = "auto", _("if it is better by more than chance")
        NEVER = "never", _("never by itself")

    name = models.SlugField(_("run"), max_length=80, unique=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="training_runs",
        verbose_name=_("asked by"),
    )
    architecture = models.CharField(_("architecture"), max_length=40)
    arguments = models.JSONField(_("arguments"), default=dict, blank=True)
    promote = models.CharField(
        _("put into service"), max_length=5, choices=Promote, default=Promote.AUTO
    )
    precision = models.CharField(_("precision"), max_length=20, blank=True)
    phase = models.CharField(_("phase"), max_length=10, choices=Phase, blank=True)
    phase_done = models.PositiveIntegerField(default=0)
    phase_total = models.PositiveIntegerField(default=0)
    progress = models.JSONField(_("progress"), default=dict, blank=True)
    history = models.JSONField(_("epochs"), default=list, blank=True)
    skipped = models.JSONField(_("photos left out"), default=list, blank=True)
    message = models.TextField(_("message"), blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    stop_requested = models.BooleanField(_("is to stop"), default=False)
    version = models.OneToOneField(
        ModelVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="training_run",
        verbose_name=_("model version"),
    )

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("status",),
                condition=Q(status=Status.RUNNING),
                name="one_training_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return self.name


class TrainedPerson(models.Model):
    """Somebody of the gallery whose faces a model version was trained on: class `number` of it.

    `person_id` outlives the person: no foreign key, nothing about anybody. `erased_at` says since
    when the version should be trained again without them, and no class of it names them.
    """

    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="trained_people")
    number = models.PositiveIntegerField(null=True)
    person_id = models.BigIntegerField(db_index=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("model_version", "number"), name="one_trained_person_per_class"
            ),
        )


def trial_photo_path(_trial: Trial, _name: str) -> str:
    return f"photos/{uuid.uuid4()}.jpg"


class Trial(PhotoWork):
    """One photo that a candidate answers beside the version in service. Nobody's history.

    `answers` has a list of faces for each of the two versions, by version name, as the JSON of
    `manage.py identify` has them, with numbers of people in the place of their names.
    """

    kind = Kind("recognition.tasks.train_trial", PROCESSES)

    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="trials")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    photo = models.FileField(_("photo"), upload_to=trial_photo_path, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    answers = models.JSONField(_("answers"), default=dict, blank=True)

    class Meta:
        verbose_name = _("trial")
        verbose_name_plural = _("trials")
        ordering = ("-created_at",)
