from __future__ import annotations

import datetime as dt
from typing import Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.days import day_end
from recognition.forms.fields import day_field
from recognition.models import Scope

USUAL: Final = dt.timedelta(days=365)


def _in_a_year() -> dt.date:
    return timezone.localdate() + USUAL


class TokenForm(forms.Form):
    """A new token of one's own."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Where it is used, so that you know it again.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it is good for"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.IDENTIFY],
    )
    last_day = day_field(_("Last day; leave it empty for no end"))

    def __init__(self, data: object = None) -> None:
        super().__init__(data, initial={"last_day": _in_a_year})  # type: ignore[arg-type]

    def clean_last_day(self) -> dt.datetime | None:
        day: dt.date | None = self.cleaned_data["last_day"]
        if day is None:
            return None
        if day < timezone.localdate():
            raise ValidationError(_("This day is over."), "past")
        return day_end(day)
