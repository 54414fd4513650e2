"""Faces as the reviewers' pages show them: the answer, what was said of it, who looks at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from recognition.models import AuditEvent, Person, ProbeFace, User
from recognition.services import access
from recognition.services.gallery import listing
from recognition.services.identification import reading
from recognition.services.review.queue import Group
from recognition.services.review.verdicts import REVIEWED, UNDONE


@dataclass(frozen=True)
class PastReview:
    event: AuditEvent
    verdict: str
    whom: Person | None


@dataclass(frozen=True)
class Card:
    """A face to review. `theirs` is whether whoever looks at it holds it."""

    item: reading.FacePage
    reviews: list[PastReview]
    theirs: bool


def cards(faces: Collection[int], user: User) -> list[Card]:
    """The faces in this order. Those of other people's photos are opened, which is in the log."""
    rows = reading.faces_with_everything(ProbeFace.objects.filter(pk__in=faces))
    found = {row.pk: row for row in rows.select_related("held_by")}
    there = [found[pk] for pk in faces if pk in found]
    for face in there:
        access.note_opening(user, face.identification)
    past = reviews_of(there)
    return [
        Card(item, past.get(item.face.pk, []), item.face.held_by_id == user.pk)
        for item in reading.of_faces(there, access.others_shown(user))
    ]


@dataclass(frozen=True)
class Crowd:
    """Faces that were given one name, or none, and the best portrait of whose name that is."""

    group: Group
    faces: list[ProbeFace]
    portrait: int | None


def crowds(groups: Collection[Group]) -> list[Crowd]:
    """The groups with their faces, as far as they are still there."""
    held = [face for group in groups for face in group.faces]
    faces = ProbeFace.objects.only("probability").in_bulk(held)
    best = listing.portraits([group.person for group in groups if group.person])
    return [
        Crowd(
            group,
            [faces[pk] for pk in group.faces if pk in faces],
            best.get(group.person.pk) if group.person else None,
        )
        for group in groups
    ]


def reviews_of(faces: Iterable[ProbeFace]) -> dict[int, list[PastReview]]:
    """What was ever said about each face, newest first."""
    events = AuditEvent.objects.filter(
        action__in=(REVIEWED, UNDONE),
        subject_type="probeface",
        subject_id__in=[str(face.pk) for face in faces],
    )
    named = {event.details.get("true_person") for event in events}
    people = Person.objects.in_bulk(named - {None})
    found: dict[int, list[PastReview]] = defaultdict(list)
    for event in events:
        whom = people.get(event.details.get("true_person"))
        found[int(event.subject_id)].append(PastReview(event, _said(event), whom))
    return found


def _said(event: AuditEvent) -> str:
    if event.action == UNDONE:
        return _("Taken back")
    return str(ProbeFace.Review(event.details["verdict"]).label)
