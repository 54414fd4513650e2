from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recognition.models import User
from recognition.services import access


class WebhookForm(forms.Form):
    """Where to, and of what; at first of all that this account may be told of."""

    url = forms.CharField(
        label=_("Address"), widget=forms.TextInput({"inputmode": "url", "autocomplete": "off"})
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        choices = {event.value: event.label for event in access.events_of(user)}
        self.fields["events"] = forms.MultipleChoiceField(
            label=_("Events"),
            choices=list(choices.items()),
            initial=list(choices),
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
