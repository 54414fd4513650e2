"""Where a day begins: people choose days, and rows have moments."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone


def day_start(day: dt.date) -> dt.datetime:
    """The moment at which a day begins where the site is. Rows are compared with moments, not days,
    so that the database can use its index."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
