"""What people agreed to: the words, and that they did."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.people import Person


class Purpose(models.TextChoices):
    RECOGNITION = "recognition", _("To be recognised")
    TRAINING = "training", _("That their photos train the network")


class How(models.TextChoices):
    """`BEFORE` is only for what was a mark on a person before there were records of consent."""

    PAPER = "paper", _("On paper, signed")
    ELECTRONIC = "electronic", _("Electronically")
    GUARDIAN = "guardian", _("By a parent or guardian")
    OTHER = "other", _("In another way")
    BEFORE = "before", _("Before there were records")


class ConsentText(models.Model):
    """The words that people agree to. Other words are a new version: triggers let nothing of one be
    changed but that whoever wrote it is forgotten."""

    number = models.PositiveIntegerField(_("version"), unique=True)
    text = models.TextField(_("text"))
    digest = models.CharField(_("SHA-256"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("written by"),
    )

    class Meta:
        verbose_name = _("text of consent")
        verbose_name_plural = _("texts of consent")
        ordering = ("-number",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return _("Version %(number)d") % {"number": self.number}

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.digest = sha256(self.text.encode()).hexdigest()
        super().save(*args, **kwargs)


class Consent(models.Model):
    """Somebody agreed to one purpose. It ends by its term, or as it is withdrawn; agreeing again is
    a new row. It goes with the person.

    `expired_at` is when the site found that the term was over, which it was from `expires_at` on.
    One that a merge has `set_aside` does not count: not both entries had agreed to as much.
    """

    person = models.ForeignKey(
        Person, models.CASCADE, related_name="consents", verbose_name=_("person")
    )
    purpose = models.CharField(_("purpose"), max_length=11, choices=Purpose)
    text = models.ForeignKey(
        ConsentText, models.PROTECT, null=True, related_name="consents", verbose_name=_("text")
    )
    how = models.CharField(_("how"), max_length=10, choices=How)
    given_at = models.DateTimeField(_("given at"), default=timezone.now)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("taken by"),
    )
    expires_at = models.DateTimeField(_("until"), null=True, db_index=True)
    expired_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("withdrawal taken by"),
    )
    set_aside = models.ForeignKey(
        "Merge", models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ("-given_at", "-pk")
        default_permissions = ("view",)
        indexes = (models.Index(fields=("person", "purpose")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(text__isnull=False) | Q(how=How.BEFORE), name="consent_is_to_a_text"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.get_purpose_display()}"

    @property
    def is_over(self) -> bool:
        """Not withdrawn, but had for a time that has passed."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_held(self) -> bool:
        """Neither withdrawn nor over, whether it counts or is set aside."""
        return self.withdrawn_at is None and not self.is_over

    @property
    def is_current(self) -> bool:
        return self.is_held and self.set_aside_id is None

    @property
    def last_day(self) -> dt.date | None:
        """It ends with a day where the site is, which is when the next begins."""
        moment = self.expires_at and self.expires_at - dt.timedelta(microseconds=1)
        return timezone.localdate(moment) if moment else None
