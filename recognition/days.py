"""Days of people and moments of rows."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone


def day_start(day: dt.date) -> dt.datetime:
    """Where the site is. Comparing moments, and not days, lets the database use its index."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
