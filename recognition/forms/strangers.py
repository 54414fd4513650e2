from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import NameField, RowsField
from recognition.models import Person, ProbeFace, Stranger


class TickedForm(forms.Form):
    """Faces of a stranger."""

    face = RowsField(ProbeFace.objects.none(), required=False)

    def __init__(self, data: Any, stranger: Stranger) -> None:
        super().__init__(data)
        self.fields["face"].queryset = stranger.faces.all()  # type: ignore[attr-defined]

    def faces(self) -> list[ProbeFace]:
        return list(self.cleaned_data["face"]) if self.is_valid() else []


class WhoForm(forms.Form):
    """Somebody of the gallery, or somebody new."""

    person = forms.ModelChoiceField(Person.objects.all(), required=False)
    name = NameField(label=_("Or somebody new, called"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name = cleaned.get("name", "")
        if bool(cleaned.get("person")) == bool(name):
            raise ValidationError(_("Choose a person, or write the name of a new one."), "who")
        if name and Person.shown_as(name).exists():
            self.add_error(
                "name", _("There is already a person of this name. Search for them and choose.")
            )
        return cleaned

    def whom(self) -> Person:
        """One who is new is not stored yet."""
        return self.cleaned_data["person"] or Person(name=self.cleaned_data["name"])
