from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from recognition.days import day_end, day_start
from recognition.forms.fields import day_field
from recognition.models import UNFINISHED, Identification, Person, ProbeFace, Status, User

NO_FACE, UNUSABLE, WAITING = "no_face", "unusable", "waiting"
OUTCOMES = (
    ("", _("Any answer")),
    (ProbeFace.Decision.MATCH.value, _("Somebody named")),
    (ProbeFace.Decision.AMBIGUOUS.value, _("Not certain who")),
    (ProbeFace.Decision.UNKNOWN.value, _("Nobody the site knows")),
    (ProbeFace.Decision.UNCLEAR.value, _("Too poor to tell")),
    (NO_FACE, _("No face found")),
    (UNUSABLE, _("Not usable or failed")),
    (WAITING, _("Still waiting")),
)
WITHOUT_FACES = {
    NO_FACE: Q(status=Status.DONE, faces__isnull=True),
    UNUSABLE: Q(status__in=(Status.REJECTED, Status.FAILED)),
    WAITING: Q(status__in=UNFINISHED),
}


class HistoryFilter(forms.Form):
    """What to show of one's history; everything, as long as nothing is chosen."""

    since = day_field(_("From"))
    until = day_field(_("To"))
    person = forms.ModelChoiceField(
        Person.objects.none(), label=_("Person"), required=False, empty_label=_("Anybody")
    )
    outcome = forms.ChoiceField(label=_("Answer"), choices=OUTCOMES, required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        people = Person.objects.filter(probes__identification__user=user).distinct()
        self.fields["person"].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one."))
        return cleaned

    def apply(self, identifications: QuerySet[Identification]) -> QuerySet[Identification]:
        """The rows that fit; a filter that makes no sense shows none."""
        if not self.is_valid():
            return identifications.none()
        return identifications.filter(*self._conditions()).distinct()

    def _conditions(self) -> list[Q]:
        chosen, conditions = self.cleaned_data, []
        if chosen["since"]:
            conditions.append(Q(created_at__gte=day_start(chosen["since"])))
        if chosen["until"]:
            conditions.append(Q(created_at__lt=day_end(chosen["until"])))
        if chosen["person"]:
            conditions.append(Q(faces__person=chosen["person"]))
        if chosen["outcome"]:
            conditions.append(_outcome(chosen["outcome"]))
        return conditions


def _outcome(outcome: str) -> Q:
    return WITHOUT_FACES.get(outcome) or Q(faces__decision=outcome)
