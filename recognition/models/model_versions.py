from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.work import PROCESSES, Kind


class ModelVersion(models.Model):
    """A trained network that the site knows. Its files lie in `models/<name>/` under DATA_DIR.

    `kind` is that of the work of putting it into service.
    """

    kind = Kind("recognition.tasks.train_promotion", PROCESSES, take_turns=True)

    class State(models.TextChoices):
        CANDIDATE = "candidate", _("Candidate")
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    class AnswersBy(models.TextChoices):
        GALLERY = "gallery", _("The people who are enrolled")
        CLASSES = "classes", _("The people it was trained on")

    name = models.SlugField(_("version"), max_length=80, unique=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.CANDIDATE)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    architecture = models.CharField(_("architecture"), max_length=40, blank=True)
    answers_by = models.CharField(
        _("answers by"), max_length=7, choices=AnswersBy, default=AnswersBy.GALLERY
    )
    open_set = models.BooleanField(
        _("open set"),
        default=False,
        help_text=_(
            "By its classes it names nobody below a threshold, instead of always naming somebody."
        ),
    )
    embedding_size = models.PositiveIntegerField(_("embedding size"))
    size = models.PositiveBigIntegerField(_("bytes on disk"), default=0)
    metrics = models.JSONField(_("figures"), default=dict, blank=True)
    gate = models.JSONField(
        _("gate"),
        default=dict,
        blank=True,
        help_text=_("How it did against the version that was in service when it was made."),
    )
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, verbose_name=_("made from")
    )
    created_at = models.DateTimeField(_("made at"), default=timezone.now)
    activated_at = models.DateTimeField(_("in service since"), null=True, blank=True)
    replaced = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("replaced"),
        help_text=_("The version that was in service before: where a rollback leads."),
    )
    # The names of all that served before, the last of them last, for the rollbacks after that one.
    # A version that serves twice is among its own predecessors, so that no pointer from version to
    # version would do.
    served_before = models.JSONField(_("served before"), default=list, blank=True)
    # While somebody waits for this version to go into service: when it was asked for, and then the
    # last sign of life of the process that embeds the gallery for it.
    promotion_requested_at = models.DateTimeField(null=True, blank=True)
    # Whether it is waited for as the one that served before.
    going_back = models.BooleanField(default=False)
    # Processes that were started for that.
    promotion_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ("-created_at",)
        permissions = (("manage_models", "Can train networks and put them into service"),)
        constraints = (
            models.UniqueConstraint(
                fields=("state",), condition=Q(state="active"), name="one_active_model_version"
            ),
        )

    def __str__(self) -> str:
        return self.name
