from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import NameField
from recognition.forms.people import PersonForm
from recognition.models import Person


class WhomForm(forms.Form):
    """Whose face it is: somebody who is there, or somebody new.

    Of a `proposal` no new name is compared with those that are there: that is for operators.
    """

    person = forms.ModelChoiceField(Person.objects.none(), required=False)
    name = NameField(label=_("Somebody new"), max_length=200, required=False)
    external_id = forms.CharField(label=_("External id"), max_length=200, required=False)
    force = forms.BooleanField(
        label=_("Enrol it although it looks like somebody else"), required=False
    )

    def __init__(self, data: Any, people: QuerySet[Person], *, proposal: bool) -> None:
        super().__init__(data)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self._new = PersonForm(data)
        if proposal:
            del self.fields["external_id"]
        self._proposal = proposal

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors or cleaned.get("person"):
            return cleaned
        if not cleaned.get("name"):
            raise ValidationError(_("Say who it is."), "nobody")
        if not (self._proposal or self._new.is_valid()):
            raise ValidationError(next(iter(self._new.errors.as_data().values())))
        return cleaned

    def whom(self) -> Person:
        """Unsaved, if it is somebody new."""
        person: Person | None = self.cleaned_data["person"]
        return person or Person(
            name=self.cleaned_data["name"], external_id=self.cleaned_data.get("external_id", "")
        )
