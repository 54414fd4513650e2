from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ml.names import tidy

ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,.heic,.heif,.avif"


def day_field(label: Any) -> forms.DateField:
    """The browser's own date picker: it knows the reader's language and works on a phone."""
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


def numbers(given: Iterable[str]) -> list[int]:
    """Those that a row can have, of what an address or a form says."""
    return [int(one) for one in given if one.isascii() and one.isdigit() and int(one) < 2**63]


class RowsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Rows by their numbers. A number that no row can have is none of the choices: a database
    cannot even be asked for it."""

    def clean(self, value: Any) -> Any:
        for one in set(value or ()).difference(map(str, numbers(value or ()))):
            params = {"value": one}
            raise ValidationError(self.error_messages["invalid_choice"], "invalid_choice", params)
        return super().clean(value)


class NameField(forms.CharField):
    """The name of a person, as `Person.save` writes it: what is the same name is found to be."""

    def to_python(self, value: Any) -> Any:
        return tidy(super().to_python(value) or "") or self.empty_value


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Several files at once. Only their number is checked here: a file that cannot be used is
    refused by name while the others go on, which is for the service to say."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Choose at least one photo."),
        "too_many": ngettext_lazy(
            "At most %(limit)d photo at a time; these are %(count)d. None was stored.",
            "At most %(limit)d photos at a time; these are %(count)d. None was stored.",
            "limit",
        ),
    }

    def __init__(self, **kwargs: Any) -> None:
        widget = PhotosInput(attrs={"accept": ACCEPT})
        super().__init__(widget=widget, allow_empty_file=True, **kwargs)

    def clean(
        self, data: Sequence[UploadedFile[Any]] | None, initial: object = None
    ) -> list[UploadedFile[Any]]:
        limit = settings.MAX_PHOTOS_PER_UPLOAD
        files = [super(PhotosField, self).clean(file, initial) for file in data or (None,)]
        if len(files) > limit:
            numbers = {"limit": limit, "count": len(files)}
            raise ValidationError(self.error_messages["too_many"], "too_many", numbers)
        return files
