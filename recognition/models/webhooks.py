from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.models.fields import SecretField
from recognition.models.work import PROCESSES, Kind, QueuedWork

LONGEST_WAIT: Final = dt.timedelta(hours=12)
"""Between two attempts to reach a receiver."""


class Event(models.TextChoices):
    """What somebody may be told of. The names are part of the interface."""

    ANSWERED = "identification.answered", _("A photo was answered")
    REVIEWED = "face.reviewed", _("A face was reviewed")
    ENROLLED = "person.enrolled", _("A photo of a person was enrolled")
    PHOTO_REMOVED = "person.photo_removed", _("An enrolled photo was removed")
    REMOVED = "person.removed", _("A person was removed")
    PROMOTED = "model.promoted", _("A model version was put into service")


TEST: Final = "webhook.test"
"""The type of an event that its owner has sent to try a subscription."""


class WebhookSubscription(models.Model):
    """An address that is told of events, by whoever owns it. `secret` is what deliveries are signed
    with. Nothing has got through since `failing_since`."""

    class Disabled(models.TextChoices):
        NO = "", _("In use")
        GONE = "gone", _("The receiver answered that it is gone for good (410)")
        FAILING = "failing", _("Nothing got through for three days")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    secret = SecretField()
    created_at = models.DateTimeField(default=timezone.now)
    failing_since = models.DateTimeField(null=True)
    disabled = models.CharField(max_length=7, choices=Disabled, blank=True)
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("created_at", "pk")
        default_permissions = ()


class WebhookDelivery(QueuedWork):
    """An event on its way to a subscription, and afterwards a line in its log.

    `event` is the same in every attempt, in a replay, and for every subscription, so that receivers
    know what they have had. `about` has numbers of rows and names nobody: what is said of them is
    looked up anew for each attempt, with what the owner may see by then. `error_code` is what went
    wrong last.
    """

    kind = Kind(
        "recognition.tasks.deliver", PROCESSES, needs_networks=False, longest_pause=LONGEST_WAIT
    )

    subscription = models.ForeignKey(WebhookSubscription, models.CASCADE, related_name="deliveries")
    event = models.UUIDField(default=uuid.uuid4)
    type = models.CharField(max_length=30)
    about = models.JSONField(default=dict)
    happened_at = models.DateTimeField(default=timezone.now)
    response_code = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-created_at", "-id")
        default_permissions = ()
        indexes = (models.Index(fields=("subscription", "-created_at")),)

    @property
    def event_name(self) -> str:
        return str(Event(self.type).label) if self.type in Event.values else str(_("A test"))
