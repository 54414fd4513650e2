from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from recognition.forms.fields import PhotosField


class UploadForm(forms.Form):
    photos = PhotosField(label=_("Photos"))
