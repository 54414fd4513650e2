from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.people import Person


class Stranger(models.Model):
    """Somebody whom the site could not name, and the faces that are probably all theirs. Of most
    there is one face only.

    Nothing is kept here that could not be read off the faces. `settled` is one of whom somebody has
    said which faces are theirs, or that they do not matter: further faces join it, and no other
    stranger. One with a `person` was found to be them, and nobody joins it any more.
    """

    ignored = models.BooleanField(_("ignored"), default=False)
    settled = models.BooleanField(default=False)
    person = models.ForeignKey(
        Person,
        models.CASCADE,
        null=True,
        related_name="strangers",
        verbose_name=_("found to be"),
    )
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    named_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("stranger")
        verbose_name_plural = _("strangers")
        default_permissions = ()

    def __str__(self) -> str:
        return _("Stranger %(number)d") % {"number": self.pk}
