from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from recognition.models import DeletionReason, Identification, User


class ChosenPhotos(forms.Form):
    """Which of one's photos: those ticked, those of one upload, or all."""

    photo = forms.ModelMultipleChoiceField(Identification.objects.none(), required=False)
    batch = forms.UUIDField(required=False)
    everything = forms.BooleanField(required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.own = Identification.objects.filter(user=user)
        self.fields["photo"].queryset = self.own  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget = field.hidden_widget()

    def photos(self) -> QuerySet[Identification]:
        """None, if what was chosen makes no sense."""
        if not self.is_valid():
            return self.own.none()
        if self.cleaned_data["everything"]:
            return self.own
        if self.cleaned_data["batch"]:
            return self.own.filter(batch=self.cleaned_data["batch"])
        return self.own.filter(pk__in=self.cleaned_data["photo"])


class ReasonForm(forms.Form):
    """Why somebody else's photo goes."""

    reason = forms.ChoiceField(label=_("Why"), choices=[("", _("Choose")), *DeletionReason.choices])
