from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from recognition.forms.consent import AgreedForm


class ImportForm(AgreedForm):
    """A ZIP archive, with a table beside it perhaps; or nothing yet, if a folder is to follow."""

    archive = forms.FileField(
        label=_("ZIP archive"),
        required=False,
        help_text=_("With a folder for each person, named after them; up to 600 MB."),
        widget=forms.FileInput({"accept": ".zip,application/zip"}),
    )
    table = forms.FileField(
        label=_("Table in CSV"),
        required=False,
        help_text=_(
            "With the columns name (of the folder), external_id and consent (yes or no). It may "
            "also be inside the archive or the folder."
        ),
        widget=forms.FileInput({"accept": ".csv,text/csv"}),
    )
    everybody = forms.BooleanField(
        label=_("Also those whom no table mentions"), required=False, initial=True
    )
    folder = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("archive") and not cleaned.get("folder"):
            self.add_error("archive", ValidationError(_("Choose a ZIP archive."), "no_archive"))
        return cleaned


class ChoiceForm(forms.Form):
    """What is wanted of a photo."""

    face = forms.IntegerField(required=False, min_value=0)
    force = forms.BooleanField(required=False)
    leave_out = forms.BooleanField(required=False)
