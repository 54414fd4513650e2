"""Somebody who was in the gallery twice."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.people import Person


class Merge(models.Model):
    """An entry that became part of a person's: what it was, and which rows were its own.

    `moved` has the numbers of rows by table and column, and what of answers there was no room for;
    `gone` is the number that the entry had, and has again once this is undone, when the row goes.
    It goes with the person too.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="merges")
    gone = models.BigIntegerField(unique=True)
    name = models.CharField(_("name"), max_length=200)
    external_id = models.CharField(_("external id"), max_length=200, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    added_at = models.DateTimeField(_("added at"))
    hidden_at = models.DateTimeField(_("hidden since"), null=True)
    moved = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    merged_at = models.DateTimeField(_("merged at"), default=timezone.now)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ("-merged_at",)
        default_permissions = ()

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return Person(name=self.name).display_name

    @classmethod
    def now(cls, numbers: Iterable[int]) -> dict[int, int]:
        """Of numbers of people those that were merged away, and whose they are by now."""
        return dict(cls.objects.filter(gone__in=numbers).values_list("gone", "person_id"))
