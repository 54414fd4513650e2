from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token is good for, as far as its owner's role goes."""

    IDENTIFY = "identify", _("Ask about photos, and get their answers")
    READ = "read", _("Read what the account may see")
    PEOPLE = "people", _("Look after people and their photos")
    REVIEW = "review", _("Review answers")
    MODELS = "models", _("Look at model versions")
    WEBHOOKS = "webhooks", _("Look after the account's webhooks")


class ApiToken(models.Model):
    """With which a program asks in the name of an account. The secret itself is kept nowhere: here
    is how it begins, by which it is found, and its SHA-256."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=9, db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made at"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("API token")
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def stands(self) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and not self.is_over and self.user.is_active
