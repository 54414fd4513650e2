from __future__ import annotations

import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import PhotosField
from recognition.models import Person


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    class Meta:
        model = Person
        fields = ("name", "external_id", "training_consent")

    def clean_name(self) -> str:
        """As `Person.save` writes it, so that the same name in other code points is found here."""
        return unicodedata.normalize("NFC", self.cleaned_data["name"].strip())


class EnrolForm(forms.Form):
    photos = PhotosField(label=_("Photos"))
