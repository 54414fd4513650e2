"""People as lists show them: which, in which order, and what is shown of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from recognition.models import EnrolledFace, Person, ProbeFace, Purpose
from recognition.services import consent

LATELY: Final = dt.timedelta(days=30)
SHOWN_FIRST: Final = ("-chosen", "-quality", "pk")
"""Of a person's photos the first in this order is their portrait."""


def that_are(kind: str) -> Q:
    """People of a kind to which a list can be narrowed."""
    second = _faces().order_by()[1:2]
    lately = _answers().filter(identification__created_at__gte=timezone.now() - LATELY)
    kinds = {
        "no_photo": ~Q(Exists(_faces())),
        "one_photo": Q(Exists(_faces())) & ~Q(Exists(second)),
        "several_photos": Q(Exists(second)),
        "recognition": consent.covers(Purpose.RECOGNITION),
        "training": consent.covers(Purpose.TRAINING),
        "no_consent": ~consent.may_be_recognised(),
        "seen_lately": Q(Exists(lately)),
        "never_seen": ~Q(Exists(_answers())),
        "hidden": Q(hidden_at__isnull=False),
        "shown": Q(hidden_at=None),
    }
    return kinds[kind]


def in_order(people: QuerySet[Person], order: str) -> QuerySet[Person]:
    """By name, or with most photos, those seen last, or those added last before the others."""
    first: dict[str, Any] = {
        "photos": Coalesce(_number_of_photos(), 0).desc(),
        "seen": Coalesce(Subquery(_answers().order_by("-pk").values("pk")[:1]), 0).desc(),
        "added": "-created_at",
    }
    by_name = ("name", "external_id")
    return people.order_by(*([first[order]] if order in first else []), *by_name)


def listed(people: QuerySet[Person]) -> QuerySet[Person]:
    """With how many photos they have, the portrait that is shown for them, when somebody was last
    taken for them, and whether consent lets the site name them."""
    best = _faces().order_by(*SHOWN_FIRST)
    return people.order_by("name", "external_id").annotate(
        photos=Coalesce(_number_of_photos(), 0),
        portrait_id=Subquery(best.values("pk")[:1]),
        seen_at=Subquery(_answers().order_by("-pk").values("identification__created_at")[:1]),
        recognised=ExpressionWrapper(consent.may_be_recognised(), BooleanField()),
    )


def page(numbers: Sequence[int]) -> list[Person]:
    """The listed people with these numbers, in their order. What is shown of each would otherwise
    be looked up for all that come before them too."""
    people = listed(Person.objects.filter(pk__in=numbers)).in_bulk()
    return [people[number] for number in numbers if number in people]


def portraits(people: Collection[Person]) -> dict[int, int]:
    """The number of the portrait that is shown for each."""
    faces = EnrolledFace.objects.filter(person__in=people).order_by(*SHOWN_FIRST).reverse()
    return dict(faces.values_list("person", "pk"))


def perhaps_the_same(person: Person) -> QuerySet[Person]:
    """Those of whom it was noted, as a photo was enrolled, that they may be the same person."""
    theirs = Q(pk__in=person.faces.exclude(resembles=None).values("resembles"))
    others = Q(pk__in=EnrolledFace.objects.filter(resembles=person).values("person"))
    return Person.objects.filter(theirs | others).exclude(pk=person.pk)


def _faces() -> QuerySet[EnrolledFace]:
    return EnrolledFace.objects.filter(person=OuterRef("pk"))


def _answers() -> QuerySet[ProbeFace]:
    """That named them. Numbers grow as answers are given."""
    return ProbeFace.objects.filter(person=OuterRef("pk"))


def _number_of_photos() -> Subquery:
    counted = _faces().order_by().values("person").annotate(number=Count("pk"))
    return Subquery(counted.values("number"))
