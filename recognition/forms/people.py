from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import PhotosField
from recognition.models import Person


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    class Meta:
        model = Person
        fields = ("name", "external_id")

    def clean_name(self) -> str:
        """As `Person.save` writes it, so that the same name in other code points is found here."""
        return unicodedata.normalize("NFC", self.cleaned_data["name"].strip())

    def clean(self) -> dict[str, Any]:
        """Refuses what looks like another person on every page; of the very same name the model's
        own constraint says so."""
        cleaned = super().clean() or {}
        if {"name", "external_id"} & set(self.changed_data) and self._looks_like_another(cleaned):
            raise self.instance.unique_error_message(Person, ("name", "external_id"))
        return cleaned

    def _looks_like_another(self, cleaned: dict[str, Any]) -> bool:
        name, external_id = cleaned.get("name", ""), cleaned.get("external_id", "")
        alike = Person.shown_as(name).filter(external_id=external_id)
        return alike.exclude(name=name).exclude(pk=self.instance.pk).exists()


class EnrolForm(forms.Form):
    photos = PhotosField(label=_("Photos"))
    force = forms.BooleanField(
        label=_("Enrol all the same what looks like somebody else"),
        required=False,
        help_text=_("For photos that were refused for that, and are of this person."),
    )
