from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from recognition.days import day_end, day_start
from recognition.forms.fields import day_field
from recognition.models import (
    UNFINISHED,
    Candidate,
    Identification,
    ProbeFace,
    Status,
    having,
)
from recognition.services import access
from recognition.services.gallery import people
from recognition.services.identification.faceless import faceless
from recognition.services.searching import containing, numbers_if_few

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
UNANSWERED = {
    UNUSABLE: Q(status__in=(Status.REJECTED, Status.FAILED)),
    WAITING: Q(status__in=UNFINISHED),
}


class HistoryFilter(forms.Form):
    """What to show of one's history; everything, as long as nothing is chosen."""

    search = forms.CharField(
        label=_("Name or file"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search"}),
    )
    since = day_field(_("From"))
    until = day_field(_("To"))
    outcome = forms.ChoiceField(label=_("Answer"), choices=OUTCOMES, required=False)

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
        return identifications.filter(*self._conditions())

    def _conditions(self) -> list[Q]:
        chosen, conditions = self.cleaned_data, []
        if chosen["since"]:
            conditions.append(Q(created_at__gte=day_start(chosen["since"])))
        if chosen["until"]:
            conditions.append(Q(created_at__lt=day_end(chosen["until"])))
        if chosen["search"]:
            conditions.append(_mentioning(chosen["search"]))
        if chosen["outcome"]:
            conditions.append(_outcome(chosen["outcome"]))
        return conditions


def _mentioning(words: str) -> Q:
    """Photos whose file is called so, or somebody whom their answer names or who was found to be in
    them since."""
    in_file, called = containing("filename", words), people.named(words)
    few = numbers_if_few(called)
    if few == []:  # then no photo has to be looked at for them
        return in_file
    if few is None:
        named = Candidate.objects.filter(access.NAMED, face__identification=OuterRef("pk"))
        answered = Q(Exists(named.filter(person__in=called)))
        return in_file | answered | having(stranger__person__in=called)
    named = Candidate.objects.filter(access.NAMED, person__in=few).order_by()
    since = ProbeFace.objects.filter(stranger__person__in=few).order_by()
    # One list of photos, made once: a question for each photo would be asked of all of them.
    photos = named.values("face__identification").union(since.values("identification"))
    return in_file | Q(pk__in=photos)


def _outcome(outcome: str) -> Q:
    if outcome == NO_FACE:
        return faceless()
    return UNANSWERED.get(outcome) or having(decision=outcome)
