from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition import usernames


def looks_like_nobody_else(name: str) -> None:
    """Refuse a name that a reader could take for another account's."""
    if not name[:1].isalnum():
        raise ValidationError(_("A username begins with a letter or a digit."), "bad_start")
    if usernames.ordinary(name) != name:
        raise ValidationError(_("Write the username with ordinary letters."), "odd_letters")
    if usernames.mixes_scripts(name):
        raise ValidationError(_("Write the username in letters of one script."), "mixed_scripts")
    others = User.objects.exclude(username=name).values_list("username", flat=True)
    if usernames.look(name) in map(usernames.look, others.iterator()):
        raise ValidationError(_("This username looks like that of another account."), "alike")


class User(AbstractUser):
    """An account of the site. What it may do comes from its groups: user, reviewer, operator and
    auditor."""

    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        help_text=_("Letters, digits and @ . + - _, with a letter or a digit at the beginning."),
        validators=(UnicodeUsernameValidator(), looks_like_nobody_else),
        error_messages={"unique": _("There is an account with this username.")},
    )

    @property
    def is_reviewer(self) -> bool:
        return self.has_perm("recognition.review_identifications")

    @property
    def is_operator(self) -> bool:
        return self.has_perm("recognition.manage_people")

    @property
    def is_auditor(self) -> bool:
        return self.has_perm("recognition.view_auditevent")


class Invitation(models.Model):
    """A link with which one person may open an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)
