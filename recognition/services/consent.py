"""Whose consent covers what. Everything that matches, enrols or trains asks here.

People may be recognised of whom nothing is on record, unless `REQUIRE_CONSENT` is set; whose
consent was withdrawn or is over may not, in either case. Training always takes consent.

Nobody who is hidden is named, whatever they have agreed to.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.conf import settings
from django.db.models import DateTimeField, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from recognition.models import Consent, Person, Purpose

FOREVER: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
NEVER: Final = dt.datetime(1000, 1, 1, tzinfo=dt.UTC)


def held(*purposes: Purpose) -> QuerySet[Consent]:
    """Consents that were given and are neither withdrawn nor over."""
    given = Consent.objects.filter(purpose__in=purposes, withdrawn_at=None)
    return given.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


def current(*purposes: Purpose) -> QuerySet[Consent]:
    """Those of them that count."""
    return held(*purposes).filter(set_aside=None)


def covers(purpose: Purpose, person: str = "pk") -> Q:
    """A condition on rows whose person is found by `person`."""
    return Q(Exists(current(purpose).filter(person=OuterRef(person))))


def may_be_recognised(person: str = "pk") -> Q:
    """The same, for being matched and for being enrolled."""
    agreed = covers(Purpose.RECOGNITION, person)
    if settings.REQUIRE_CONSENT:
        return agreed
    asked = Consent.objects.filter(purpose=Purpose.RECOGNITION, person=OuterRef(person))
    return agreed | ~Q(Exists(asked))


def may_be_named(person: str = "pk") -> Q:
    """The same, for being in the gallery that answers."""
    hidden = "hidden_at" if person == "pk" else f"{person}__hidden_at"
    return may_be_recognised(person) & Q(**{hidden: None})


def may_enrol(person: Person) -> bool:
    """Whether a photo of somebody, who may be new, may come into the gallery; of somebody who has
    been removed that is no question of consent."""
    if person.pk is None:
        return not settings.REQUIRE_CONSENT
    return not Person.objects.filter(~may_be_recognised(), pk=person.pk).exists()


def ends(person: Person, purpose: Purpose) -> dt.datetime:
    """Until when somebody is covered, as far as it is known now; the past, if they are not."""
    open_to_all = purpose == Purpose.RECOGNITION and not settings.REQUIRE_CONSENT
    theirs = Consent.objects.filter(person=person, purpose=purpose)
    if open_to_all and not theirs.exists():
        return FOREVER
    terms = current(purpose).filter(person=person).values_list("expires_at", flat=True)
    return max((end or FOREVER for end in terms), default=NEVER)


def recognised_until(person: str) -> Subquery:
    """When the last consent of a row's person ends, `FOREVER` if one does not; nothing for whom
    nothing is on record."""
    end = Coalesce("expires_at", Value(FOREVER), output_field=DateTimeField())
    theirs = current(Purpose.RECOGNITION).filter(person=OuterRef(person)).order_by()
    return Subquery(theirs.values("person").annotate(end=Max(end)).values("end"))
