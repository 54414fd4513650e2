from __future__ import annotations

from typing import Any, Never

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def _refuse(*_args: Any, **_kwargs: Any) -> Never:
    raise TypeError("Audit events are append-only.")


class DeletionReason(models.TextChoices):
    """Why somebody else's photo is deleted. One of few, and no sentence: the log names nobody."""

    ASKED = "asked", _("Somebody in it asked for it")
    MISTAKE = "mistake", _("It was uploaded by mistake")
    NOT_ALLOWED = "not_allowed", _("It must not be kept here")
    NO_USE = "no_use", _("It is no longer needed")


class AuditHead(models.Model):
    """The one row that says where the audit log ends, and up to which row it has been dropped as
    its time was over. Whoever appends to it locks this row."""

    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    dropped = models.PositiveBigIntegerField(default=0)
    dropped_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()


class AuditEvents(models.QuerySet["AuditEvent"]):
    """Rows can be added and read, and the name of whoever did something be taken out. Those whose
    time is over `drop`, as far as the head says so."""

    delete = bulk_update = update_or_create = _refuse

    def drop(self) -> None:
        self._raw_delete(self.db)

    def update(self, **fields: Any) -> int:
        return super().update(**fields) if fields == {"actor_name": ""} else _refuse()


class AuditEvent(models.Model):
    """Who did what to whose data, and when. Rows are only ever added.

    `services.chain` makes `digest` of the row's content and of the digest of the row before it. The
    actor's name is no part of it: triggers let nothing be changed but that it is taken out.
    """

    number = models.PositiveBigIntegerField(_("number"), unique=True, editable=False)
    previous = models.CharField(max_length=64, blank=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
        verbose_name=_("who"),
    )
    actor_name = models.CharField(_("name"), max_length=150, blank=True)
    action = models.CharField(_("action"), max_length=40, db_index=True)
    subject_type = models.CharField(_("subject"), max_length=40)
    subject_id = models.CharField(_("subject id"), max_length=40)
    details = models.JSONField(_("details"), default=dict, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)

    objects = AuditEvents.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering = ("-number",)
        indexes = (models.Index(fields=("subject_type", "subject_id")),)

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type} {self.subject_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            _refuse()
        super().save(*args, **kwargs)

    delete = _refuse
