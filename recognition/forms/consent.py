from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognition.days import day_end, day_start
from recognition.forms.fields import RowsField
from recognition.forms.people import PeopleFilter
from recognition.models import ConsentText, How, Person, Purpose
from recognition.services.gallery.agreements import Agreed, usual_end

HOW = [(how.value, how.label) for how in How if how is not How.BEFORE]


def _day(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget)


def _moment(day: dt.date) -> dt.datetime:
    return timezone.now() if day == timezone.localdate() else day_start(day)


class ChosenPeople(PeopleFilter):
    """Which people: those ticked, or all whom the list was narrowed to."""

    person = RowsField(Person.objects.all(), required=False)
    everybody = forms.BooleanField(required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for field in self.fields.values():
            field.widget = field.hidden_widget()

    def people(self) -> QuerySet[Person]:
        """None, if what was chosen makes no sense."""
        if self.is_valid() and not self.cleaned_data["everybody"]:
            return Person.objects.filter(pk__in=self.cleaned_data["person"])
        return super().people()


class PurposesForm(forms.Form):
    """To what: a box for each purpose."""

    def __init__(self, *args: Any, among: Iterable[Purpose] = Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        boxes = {one.value: forms.BooleanField(label=one.label, required=False) for one in among}
        self.fields = {**boxes, **self.fields}

    @property
    def purposes(self) -> list[Purpose]:
        return [purpose for purpose in Purpose if self.cleaned_data.get(purpose.value)]


class AgreedForm(PurposesForm):
    """What somebody agreed to now, by the text in use and for the usual term; nothing, perhaps."""

    how = forms.ChoiceField(
        label=_("How they agreed"), choices=[("", _("Choose")), *HOW], required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.purposes and not cleaned.get("how"):
            self.add_error("how", _("Say how they agreed."))
        return cleaned

    def agreed(self) -> Agreed | None:
        purposes = self.purposes
        return Agreed(purposes, How(self.cleaned_data["how"])) if purposes else None


class ConsentForm(PurposesForm):
    """What people agreed to, in full."""

    text = forms.ModelChoiceField(
        ConsentText.objects.all(), label=_("To which text"), empty_label=None
    )
    how = forms.ChoiceField(label=_("How they agreed"), choices=HOW)
    given = _day(_("On which day"))
    until = _day(_("Until"), _("The last day; leave it empty for no end."), required=False)

    def __init__(self, data: Any = None) -> None:
        end = usual_end()
        usual = {"given": timezone.localdate(), "until": end and timezone.localdate(end)}
        super().__init__(data, initial={**usual, "text": ConsentText.objects.first()})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given, until = cleaned.get("given"), cleaned.get("until")
        if not self.purposes:
            raise ValidationError(_("Tick what was agreed to."), "no_purpose")
        if given and given > timezone.localdate():
            self.add_error("given", _("This day has not come yet."))
        if given and until and until < given:
            self.add_error("until", _("This day is before the first one."))
        return cleaned

    def agreed(self) -> Agreed:
        chosen, until = self.cleaned_data, self.cleaned_data["until"]
        return Agreed(
            self.purposes,
            How(chosen["how"]),
            chosen["text"],
            _moment(chosen["given"]),
            day_end(until) if until else None,
        )


class WithdrawalForm(PurposesForm):
    """Of what somebody agreed to, what they take back."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.purposes:
            raise ValidationError(_("Tick what is withdrawn."), "no_purpose")
        return cleaned


class TextForm(forms.Form):
    words = forms.CharField(label=_("Text"), widget=forms.Textarea({"rows": 24}))
