from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.identification import ProbeFace
from recognition.models.people import Person


class Opinion(models.Model):
    """What whoever asked about a photo says of the answer about one of its faces.

    It changes nothing by itself: reviewers see it. Of somebody else it may say who that is, by a
    person whom the answer shows or by any name.
    """

    class Says(models.TextChoices):
        RIGHT = "right", _("Right")
        WRONG = "wrong", _("Wrong")
        SOMEBODY_ELSE = "somebody_else", _("Somebody else")

    face = models.OneToOneField(ProbeFace, models.CASCADE, related_name="opinion")
    says = models.CharField(_("says"), max_length=13, choices=Says)
    person = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(_("name"), max_length=200, blank=True)
    given_at = models.DateTimeField(_("said at"), default=timezone.now)

    class Meta:
        verbose_name = _("opinion")
        verbose_name_plural = _("opinions")

    def __str__(self) -> str:
        return str(self.get_says_display())

    @property
    def whom(self) -> str:
        """Who it is instead, if that was said."""
        return str(self.person) if self.person else self.name
