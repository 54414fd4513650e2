"""The filter for deliveries; what it says is in `recognition.messages`."""

from __future__ import annotations

from django import template

from recognition.messages.webhooks import went_wrong

register = template.Library()
register.filter(went_wrong)
