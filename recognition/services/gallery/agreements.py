"""Consent that is given, withdrawn, or over: who leaves the gallery by it, and who comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import Consent, ConsentText, EnrolledFace, How, Person, Purpose, User
from recognition.services import consent
from recognition.services.audit import record
from recognition.services.gallery import memory

BATCH: Final = 1000
"""Consents that end in one transaction: nobody else can write meanwhile."""


def usual_end() -> dt.datetime | None:
    """When a consent given now ends, if nothing else is said of it."""
    return timezone.now() + settings.CONSENT_TERM if settings.CONSENT_TERM else None


@dataclass(frozen=True)
class Agreed:
    """What somebody agreed to, and how that was taken."""

    purposes: Collection[Purpose]
    how: How
    text: ConsentText = field(default_factory=lambda: ConsentText.objects.latest("number"))
    given_at: dt.datetime = field(default_factory=timezone.now)
    expires_at: dt.datetime | None = field(default_factory=usual_end)


def give(people: QuerySet[Person], agreed: Agreed, actor: User | None) -> int:
    """Record what people agreed to; returns how many people that are. Who was not matched for want
    of consent is from now on."""
    with memory.changing() as changes:
        there = list(people)
        rows = Consent.objects.bulk_create(
            _consent(person, purpose, agreed, actor)
            for person in there
            for purpose in agreed.purposes
        )
        changes.again(_faces(rows))
        _record(actor, "consent.given", rows, text=agreed.text.number, how=agreed.how.value)
    return len(there)


def missing(person: Person, agreed: Agreed | None) -> list[Purpose]:
    """Of what somebody agreed to, that of which nothing is on record yet."""
    known = set(Consent.objects.filter(person=person.pk).values_list("purpose", flat=True))
    return [purpose for purpose in agreed.purposes if purpose not in known] if agreed else []


def give_missing(person: Person, agreed: Agreed | None, actor: User | None) -> None:
    """Record that and nothing else: a command that is run again does not undo a withdrawal."""
    if agreed and (purposes := missing(person, agreed)):
        give(Person.objects.filter(pk=person.pk), replace(agreed, purposes=purposes), actor)


def withdraw(person: Person, purposes: Collection[Purpose], actor: User | None) -> int:
    """End what somebody agreed to; returns how many consents that are, which stay as a proof. From
    the moment this returns no worker names them, if it is their consent to be recognised."""
    with memory.changing() as changes:
        rows = list(consent.held(*purposes).filter(person=person).select_for_update())
        ended = Consent.objects.filter(pk__in=[row.pk for row in rows])
        ended.update(withdrawn_at=timezone.now(), withdrawn_by=actor)
        changes.again(_faces(rows))
        _record(actor, "consent.withdrawn", rows)
    return len(rows)


def end_what_is_over() -> int:
    """Note consents whose time has passed, so many at a time; returns how many. Workers know when
    somebody's is over and do not wait for this."""
    over = Consent.objects.filter(
        expires_at__lte=timezone.now(), expired_at=None, withdrawn_at=None
    )
    if not over.exists():
        return 0
    with memory.changing() as changes:
        rows = list(over.select_for_update()[:BATCH])
        ended = Consent.objects.filter(pk__in=[row.pk for row in rows])
        ended.update(expired_at=timezone.now())
        changes.again(_faces(rows))
        _record(None, "consent.expired", rows)
    return len(rows)


def _consent(person: Person, purpose: Purpose, agreed: Agreed, actor: User | None) -> Consent:
    return Consent(
        person=person,
        purpose=purpose,
        text=agreed.text,
        how=agreed.how,
        taken_by=actor,
        given_at=agreed.given_at,
        expires_at=agreed.expires_at,
    )


def _faces(rows: Iterable[Consent]) -> Iterable[tuple[int, int]]:
    """Enrolled faces of those whose consent to be recognised this is."""
    people = {row.person_id for row in rows if row.purpose == Purpose.RECOGNITION}
    faces = EnrolledFace.objects.filter(person__in=people).order_by("pk")
    return faces.values_list("pk", "person_id")


def _record(actor: User | None, action: str, rows: Iterable[Consent], **details: object) -> None:
    for row in rows:
        record(actor, action, row, person=row.person_id, purpose=row.purpose, **details)
