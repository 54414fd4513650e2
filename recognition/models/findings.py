"""What was found in the gallery that somebody should look at."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.people import EnrolledFace, Person


class Finding(models.Model):
    """One of it: about a person, or one of their photos, and perhaps somebody else.

    It goes when it holds no more. Once somebody has `settled` it, saying that all is well, it stays
    so that nobody is asked again.
    """

    class Kind(models.TextChoices):
        DOUBLE = "double", _("Probably one person")
        LIKE_ANOTHER = "like_another", _("Like somebody else")
        UNLIKE = "unlike", _("Unlike the person’s other photos")
        POOR = "poor", _("Poor photos")

    kind = models.CharField(max_length=12, choices=Kind)
    person = models.ForeignKey(Person, models.CASCADE, related_name="findings")
    other = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+")
    face = models.ForeignKey(EnrolledFace, models.CASCADE, null=True, related_name="+")
    found_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        default_permissions = ()
        indexes = (models.Index(fields=("kind", "settled_at")),)

    def __str__(self) -> str:
        return f"{self.person}: {self.get_kind_display()}"


class Look(models.Model):
    """When somebody was last looked at, `tested` of their photos were left out and asked about, and
    `recognised` of those were found to be theirs."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True)
    tested = models.PositiveIntegerField()
    recognised = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()


class LookedOver(models.Model):
    """A single row: up to which revision the gallery was looked at, by which rule (version and what
    the site promises), and since when a process is at it, if one is."""

    revision = models.PositiveBigIntegerField(default=0)
    rule = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
