from __future__ import annotations

from django import forms
from django.db.models import QuerySet

from recognition.forms.fields import NameField
from recognition.models import Person


class OpinionForm(forms.Form):
    """What somebody says of an answer; the page writes its fields itself."""

    says = forms.CharField(required=False)
    person = forms.ModelChoiceField(Person.objects.none(), required=False)
    name = NameField(max_length=200, required=False)

    def __init__(self, data: object, people: QuerySet[Person]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
