"""People as lists show them."""

from __future__ import annotations

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery

from recognition.models import EnrolledFace, Person
from recognition.services import consent


def listed(people: QuerySet[Person]) -> QuerySet[Person]:
    """With how many photos they have, the portrait that is shown for them, and whether consent lets
    the site name them."""
    faces = EnrolledFace.objects.filter(person=OuterRef("pk"))
    best = faces.order_by("-chosen", "-quality", "pk")
    return people.order_by("name", "external_id").annotate(
        photos=Count("faces"),
        portrait_id=Subquery(best.values("pk")[:1]),
        recognised=ExpressionWrapper(consent.may_be_recognised(), BooleanField()),
    )


def perhaps_the_same(person: Person) -> QuerySet[Person]:
    """Those of whom it was noted, as a photo was enrolled, that they may be the same person."""
    theirs = Q(pk__in=person.faces.exclude(resembles=None).values("resembles"))
    others = Q(pk__in=EnrolledFace.objects.filter(resembles=person).values("person"))
    return Person.objects.filter(theirs | others).exclude(pk=person.pk)
