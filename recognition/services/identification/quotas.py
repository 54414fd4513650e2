"""How many photos one user may ask about, so that nobody keeps the others waiting."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.conf import settings
from django.utils import timezone

from recognition.models import UNFINISHED, Identification, User
from recognition.services.refusals import Refused

HOUR: Final = dt.timedelta(hours=1)
SOON: Final = dt.timedelta(seconds=15)
"""When to ask again whether some of one's photos have been answered."""


class TooManyPhotos(Refused):
    """`params` say the `limit` and `after` how long to try again."""


def admit(user: User, photos: int) -> None:
    """Let so many further photos in. Part of the transaction that stores them: of uploads that
    come at the same moment, each sees those before it.

    Raises:
        TooManyPhotos: `too_many_waiting`, or `too_many_an_hour`.
    """
    User.objects.select_for_update().filter(pk=user.pk).first()  # its lock
    asked = Identification.objects.filter(user=user)
    waiting = asked.filter(status__in=UNFINISHED).count()
    if waiting + photos > settings.PHOTOS_WAITING:
        raise TooManyPhotos("too_many_waiting", limit=settings.PHOTOS_WAITING, after=SOON)
    now = timezone.now()
    lately = asked.filter(created_at__gt=now - HOUR).order_by("created_at")
    excess = lately.count() + photos - settings.PHOTOS_PER_HOUR
    if excess > 0:
        last = lately.values_list("created_at", flat=True)[excess - 1]
        raise TooManyPhotos(
            "too_many_an_hour", limit=settings.PHOTOS_PER_HOUR, after=last + HOUR - now
        )
