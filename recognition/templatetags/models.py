"""Filters for trainings and model versions; what they say is in `recognition.formats` and
`recognition.messages`."""

from __future__ import annotations

from django import template

from recognition import formats
from recognition.messages import versions

register = template.Library()

for known in (
    *(formats.percentage, formats.duration, formats.plain, formats.rate, formats.svg_percent),
    *(versions.model_problem, versions.trial_error),
):
    register.filter(known.__name__, known)
