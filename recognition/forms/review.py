"""What a reviewer wants to look at, and what they say about a face."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from recognition.days import day_end, day_start
from recognition.forms.fields import day_field
from recognition.models import Identification, Person, ProbeFace, User
from recognition.services import access
from recognition.services.gallery import people
from recognition.services.review.opinions import DISAGREED
from recognition.services.review.queue import Queue

NEWEST, SKIP = "newest", "skip"
FEW = 500
ORDERS = (("", _("Most doubtful first")), (NEWEST, _("Newest first")))
STATES = (("", _("To review")), *((one.value, one.label) for one in ProbeFace.Review if one))
ASKERS = (("", _("Any opinion")), ("disagrees", _("The uploader disagrees")))
DECISIONS = (("", _("Any answer")), *ProbeFace.Decision.choices)


class QueueFilter(forms.Form):
    """Which faces to look at, and in which order; all that nobody has judged, if nothing is
    chosen."""

    order = forms.ChoiceField(label=_("Order"), choices=ORDERS, required=False)
    review = forms.ChoiceField(label=_("Review"), choices=STATES, required=False)
    decision = forms.ChoiceField(label=_("Answer"), choices=DECISIONS, required=False)
    asker = forms.ChoiceField(label=_("The uploader"), choices=ASKERS, required=False)
    person = forms.CharField(label=_("Person named"), required=False, max_length=200)
    since = day_field(_("From"))
    until = day_field(_("To"))

    def queue(self) -> Queue:
        """A filter that makes no sense shows nothing."""
        if not self.is_valid():
            return Queue(ProbeFace.objects.none())
        faces = ProbeFace.objects.filter(*self._conditions())
        return Queue(faces, self.cleaned_data["order"] == NEWEST)

    def _conditions(self) -> list[Q]:
        """None of them joins a table, so that one statement can look at a face and hold it."""
        chosen = self.cleaned_data
        conditions = [Q(review=chosen["review"])]
        if chosen["decision"]:
            conditions.append(Q(decision=chosen["decision"]))
        if chosen["asker"]:
            conditions.append(DISAGREED)
        if chosen["person"]:
            found = people.found(chosen["person"]).order_by()
            conditions.append(Q(person__in=list(found.values_list("pk", flat=True))))
        if chosen["since"] or chosen["until"]:
            conditions.append(self._asked())
        return conditions

    def _asked(self) -> Q:
        """Of few days the faces are found by their photos; of many the next ones soon are."""
        photos = Identification.objects.order_by()
        if self.cleaned_data["since"]:
            photos = photos.filter(created_at__gte=day_start(self.cleaned_data["since"]))
        if self.cleaned_data["until"]:
            photos = photos.filter(created_at__lt=day_end(self.cleaned_data["until"]))
        few = list(photos.values_list("pk", flat=True)[: FEW + 1])
        if len(few) <= FEW:
            return Q(identification__in=few)
        return Q(Exists(photos.filter(pk=OuterRef("identification"))))

    @property
    def chosen(self) -> list[str]:
        """The same in words, for the page."""
        given = {name: self.data.get(name, "") for name in self.fields}
        labels = {**dict(ORDERS), **dict(STATES), **dict(DECISIONS), **dict(ASKERS)}
        return [str(labels.get(value, value)) for value in given.values() if value]

    @property
    def query(self) -> str:
        """What is chosen, as addresses say it."""
        given = ((name, self.data.get(name, "")) for name in self.fields)
        return urlencode([(name, value) for name, value in given if value])


class VerdictForm(forms.Form):
    """One of the verdicts, or a person of the gallery who it is; or to skip the face. With `enrol`
    the face is to be one of that person's photos."""

    verdict = forms.CharField(required=False)
    enrol = forms.BooleanField(required=False)
    true_person = forms.ModelChoiceField(Person.objects.none(), required=False)

    def __init__(self, data: Any, *, user: User, face: ProbeFace) -> None:
        super().__init__(data)
        shown = Person.objects.all()
        if not access.may_look_up_people(user):
            shown = shown.filter(pk__in=[likely.person_id for likely in face.named])
        self.fields["true_person"].queryset = shown  # type: ignore[attr-defined]

    @property
    def skipped(self) -> bool:
        return self.data.get("verdict") == SKIP

    def said(self) -> tuple[str, Person | None]:
        """The verdict, and who it is instead. Whom the reviewer may not name is nobody."""
        self.full_clean()
        whom = self.cleaned_data.get("true_person")
        usual = ProbeFace.Review.SOMEBODY_ELSE if "true_person" in self.data else ""
        return self.cleaned_data.get("verdict") or usual, whom
