from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.identification import ProbeFace
from recognition.models.people import Person


class Proposal(models.Model):
    """A face that a reviewer proposes to enrol, as a person or as somebody new by name.

    The name goes once it is decided: it is the person's then, or nobody's.
    """

    class Outcome(models.TextChoices):
        OPEN = "", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")

    face = models.ForeignKey(ProbeFace, models.CASCADE, related_name="proposals")
    person = models.ForeignKey(Person, models.CASCADE, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=200, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("proposed at"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ("created_at", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("face",), condition=models.Q(outcome=""), name="one_open_proposal_per_face"
            ),
        )

    def __str__(self) -> str:
        return str(self.person or Person(name=self.name))

    @property
    def is_open(self) -> bool:
        return self.outcome == self.Outcome.OPEN
