from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import PhotosField
from recognition.models import Person


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    class Meta:
        model = Person
        fields: ClassVar[list[str]] = ["name", "external_id"]

    def clean_name(self) -> str:
        """As `Person.save` writes it, so that the same name in other code points is found here."""
        return unicodedata.normalize("NFC", self.cleaned_data["name"].strip())

    def clean(self) -> dict[str, Any]:
        """Refuses what looks like another person on every page; of the very same name the model's
        own constraint says so."""
        cleaned = super().clean() or {}
        if {"name", "external_id"} & set(self.changed_data):
            other = self.namesake()
            if other and other.name != cleaned.get("name"):
                raise self.instance.unique_error_message(Person, ("name", "external_id"))
        return cleaned

    def namesake(self) -> Person | None:
        """Somebody else who is called the same: the two may be one person."""
        name, external_id = (self.cleaned_data.get(key, "") for key in ("name", "external_id"))
        alike = Person.shown_as(name).filter(external_id=external_id)
        return alike.exclude(pk=self.instance.pk).order_by("pk").first()


class EditForm(PersonForm):
    class Meta(PersonForm.Meta):
        fields: ClassVar[list[str]] = ["name", "external_id", "notes"]
        widgets: ClassVar[dict[str, Any]] = {"notes": forms.Textarea({"rows": 4})}


class EnrolForm(forms.Form):
    photos = PhotosField(label=_("Photos"))
    force = forms.BooleanField(
        label=_("Enrol all the same what looks like somebody else"),
        required=False,
        help_text=_("For photos that were refused for that, and are of this person."),
    )
