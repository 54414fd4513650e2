"""Where a day begins: people choose days, and rows have moments."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.utils import timezone

FIRST: Final = dt.date(1970, 1, 1)
LAST: Final = dt.date(9000, 1, 1)
"""No row lies beyond; moments at the very ends of the calendar exist in some time zones only."""


def day_start(day: dt.date) -> dt.datetime:
    """The moment at which a day begins where the site is. Rows are compared with moments, not days,
    so that the database can use its index."""
    inside = min(max(day, FIRST), LAST)
    return timezone.make_aware(dt.datetime.combine(inside, dt.time.min))


def day_end(day: dt.date) -> dt.datetime:
    """Where the next day begins."""
    return day_start(min(day, LAST) + dt.timedelta(days=1))
