"""What happened, for whoever asked to be told. Said in the transaction in which it happens, and
before that is written to the audit log: either both are so, or neither."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import uuid4

from django.db.models import QuerySet
from django.utils import timezone

from recognition.models import (
    EnrolledFace,
    Event,
    Identification,
    ModelVersion,
    Person,
    ProbeFace,
    User,
    WebhookDelivery,
    WebhookSubscription,
)
from recognition.services import access
from recognition.services.work import queue

Number = int | str | None


def answered(photo: Identification) -> None:
    _emit(Event.ANSWERED, partial(access.viewers, photo), identification=str(photo.pk))


def reviewed(face: ProbeFace) -> None:
    photo = face.identification
    who = partial(access.viewers, photo)
    _emit(Event.REVIEWED, who, identification=str(photo.pk), face=face.pk)


def enrolled(face: EnrolledFace) -> None:
    _emit(Event.ENROLLED, access.operators, person=face.person_id, photo=face.pk)


def photo_removed(face: EnrolledFace) -> None:
    _emit(Event.PHOTO_REMOVED, access.operators, person=face.person_id, photo=face.pk)


def removed(person: Person) -> None:
    _emit(Event.REMOVED, access.operators, person=person.pk)


def promoted(version: ModelVersion, before: ModelVersion | None) -> None:
    replaced = before.name if before else None
    _emit(Event.PROMOTED, access.model_managers, version=version.name, replaced=replaced)


def _emit(event: Event, who: Callable[[], QuerySet[User]], **about: Number) -> None:
    """Store a delivery for each subscription that one of these people has to the event. Where
    nobody has any, this is one query of an empty table, and who they are is not even asked."""
    used = WebhookSubscription.objects.filter(disabled="").order_by()
    if not used.exists():
        return
    theirs = used.filter(owner__in=who())
    told = [pk for pk, events in theirs.values_list("pk", "events") if event in events]
    if told:
        one, now = uuid4(), timezone.now()
        same = {"event": one, "type": event, "about": about, "happened_at": now}
        rows = [WebhookDelivery(subscription_id=pk, **same) for pk in told]
        WebhookDelivery.objects.bulk_create(rows)
        queue.enqueue_on_commit(WebhookDelivery, [row.pk for row in rows])
