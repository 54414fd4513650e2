"""How many photos one user may ask about, so that nobody keeps the others waiting."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils import timezone

from recognition.models import UNFINISHED, AuditEvent, Comparison, Identification, User
from recognition.services.refusals import Refused

HOUR: Final = dt.timedelta(hours=1)
SOON: Final = dt.timedelta(seconds=15)
"""When to ask again whether some of one's photos have been answered."""


Asked = type[Identification] | type[Comparison]
_PHOTOS: Final[dict[Asked, int]] = {Identification: 1, Comparison: 2}
_DELETED: Final[dict[Asked, str]] = {
    Identification: "photo.deleted",
    Comparison: "comparison.deleted",
}


class TooManyPhotos(Refused):
    """`params` say the `limit` and `after` how long to try again."""


@dataclass(frozen=True)
class Left:
    """How many photos more a user may ask about: at once, as others wait, and within the hour, of
    which the first comes back after that time."""

    waiting: int
    an_hour: int
    after: dt.timedelta

    @property
    def seconds(self) -> int:
        return math.ceil(self.after.total_seconds())


def left(user: User) -> Left:
    now = timezone.now()
    lately = _asked_since(user, now - HOUR)
    return Left(
        waiting=max(0, settings.PHOTOS_WAITING - _waiting(user)),
        an_hour=max(0, settings.PHOTOS_PER_HOUR - len(lately)),
        after=lately[0] + HOUR - now if lately else dt.timedelta(),
    )


def admit(user: User, photos: int) -> None:
    """Let so many further photos in. Part of the transaction that stores them: of uploads that
    come at the same moment, each sees those before it.

    Raises:
        TooManyPhotos: `too_many_waiting`, or `too_many_an_hour`.
    """
    User.objects.select_for_update().filter(pk=user.pk).first()  # its lock
    if _waiting(user) + photos > settings.PHOTOS_WAITING:
        raise TooManyPhotos("too_many_waiting", limit=settings.PHOTOS_WAITING, after=SOON)
    now = timezone.now()
    lately = _asked_since(user, now - HOUR)
    excess = len(lately) + photos - settings.PHOTOS_PER_HOUR
    if excess > 0:
        after = lately[excess - 1] + HOUR - now
        raise TooManyPhotos("too_many_an_hour", limit=settings.PHOTOS_PER_HOUR, after=after)


def _waiting(user: User) -> int:
    return sum(
        times * model.objects.filter(user=user, status__in=UNFINISHED).count()
        for model, times in _PHOTOS.items()
    )


def counts(asked: dt.datetime) -> bool:
    """Whether a photo that was asked about then counts towards what its user may ask now."""
    return asked > timezone.now() - HOUR


def _asked_since(user: User, then: dt.datetime) -> list[dt.datetime]:
    """When the user asked, once for each photo; of their own photos that they have deleted since,
    the moment of that, which is later: nobody may ask more for deleting what they have asked."""
    return sorted(
        moment
        for model, times in _PHOTOS.items()
        for moment in (*_asked(model, user, then), *_deleted(model, user, then))
        for _ in range(times)
    )


def _asked(model: Asked, user: User, then: dt.datetime) -> Iterable[dt.datetime]:
    rows = model.objects.filter(user=user, created_at__gt=then)
    return rows.values_list("created_at", flat=True)


def _deleted(model: Asked, user: User, then: dt.datetime) -> Iterable[dt.datetime]:
    deleted = AuditEvent.objects.filter(
        actor=user, action=_DELETED[model], created_at__gt=then, details__lately=True
    )
    own = deleted.exclude(details__has_key="user")
    return own.values_list("created_at", flat=True)
