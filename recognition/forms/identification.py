from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import PhotosField


class UploadForm(forms.Form):
    photos = PhotosField(label=_("Photos"))


class CompareForm(UploadForm):
    def clean_photos(self) -> list[UploadedFile[Any]]:
        photos: list[UploadedFile[Any]] = self.cleaned_data["photos"]
        if len(photos) != 2:
            raise ValidationError(_("Choose two photos."), "two_photos")
        return photos


class FacesForm(forms.Form):
    """Which face of each photo, counted from 0."""

    first = forms.IntegerField(required=False, min_value=0)
    second = forms.IntegerField(required=False, min_value=0)
