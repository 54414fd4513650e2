from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from recognition.models import ModelVersion
from recognition.services.promotion.terms import Terms, needs_reason

CLOSED, OPEN = "closed", "open"
DECIDES: Final = (
    (CLOSED, gettext_lazy("Always the likeliest of the people it was trained on")),
    (OPEN, gettext_lazy("Nobody below a threshold, so that few strangers get a name")),
)


class PromotionForm(forms.Form):
    """On what terms a version goes into service, as far as there is a choice."""

    decides = forms.ChoiceField(label=gettext_lazy("Who it names"), choices=DECIDES)
    reason = forms.CharField(
        label=gettext_lazy("Why it goes into service anyway"),
        help_text=gettext_lazy("Kept in the audit log."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, version: ModelVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["decides"].initial = OPEN if version.open_set else CLOSED
        if version.answers_by == ModelVersion.AnswersBy.GALLERY:
            del self.fields["decides"]
        if not needs_reason(version):
            del self.fields["reason"]

    def terms(self) -> Terms:
        chosen = self.cleaned_data
        open_set = chosen["decides"] == OPEN if "decides" in chosen else None
        return Terms(chosen.get("reason", ""), open_set)
