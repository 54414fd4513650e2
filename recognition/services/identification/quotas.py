"""How many photos one user may ask about, so that nobody keeps the others waiting."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from django.conf import settings
from django.utils import timezone

from recognition.models import UNFINISHED, AuditEvent, Comparison, Identification, User
from recognition.services.refusals import Refused

HOUR: Final = dt.timedelta(hours=1)
SOON: Final = dt.timedelta(seconds=15)
"""When to ask again whether some of one's photos have been answered."""

_PHOTOS: Final[dict[type[Identification] | type[Comparison], int]] = {
    Identification: 1,
    Comparison: 2,
}
_DELETED: Final = {
    "photo.deleted": _PHOTOS[Identification],
    "comparison.deleted": _PHOTOS[Comparison],
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
    User.objects.select_for_update().filter(pk=user.pk).only("pk").first()  # its lock
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
        for moment, times in chain(_asked(user, then), _deleted(user, then))
        for _ in range(times)
    )


def _asked(user: User, then: dt.datetime) -> Iterator[tuple[dt.datetime, int]]:
    """When the user asked what is still there, and about how many photos it was."""
    for model, times in _PHOTOS.items():
        rows = model.objects.filter(user=user, created_at__gt=then).order_by()
        for moment in rows.values_list("created_at", flat=True):
            yield moment, times


def _deleted(user: User, then: dt.datetime) -> Iterator[tuple[dt.datetime, int]]:
    """When the user deleted what of their own, and how many photos it was."""
    deleted = AuditEvent.objects.filter(
        actor=user, action__in=_DELETED, created_at__gt=then, details__lately=True
    )
    own = deleted.exclude(details__has_key="user").order_by()
    for moment, action in own.values_list("created_at", "action"):
        yield moment, _DELETED[action]
