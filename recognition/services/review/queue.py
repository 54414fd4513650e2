"""Which face a reviewer looks at next, and that nobody else looks at it meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from recognition.models import Person, ProbeFace, User

HELD_FOR: Final = dt.timedelta(minutes=5)
"""Since a reviewer was last seen to look at a face."""
COUNTED: Final = 1000
"""From here on it is enough to say that there are more."""
IN_A_GROUP: Final = 24
"""Faces of a person that are judged at a glance."""


@dataclass(frozen=True)
class Queue:
    """The faces that a reviewer has chosen, the least certain answers first or the newest."""

    faces: QuerySet[ProbeFace]
    newest_first: bool = False

    def after(self, last: int | None) -> QuerySet[ProbeFace]:
        """Those that come after a face; all of them if there is no such face any more."""
        if self.newest_first:
            newest = self.faces.order_by("-pk")
            return newest if last is None else newest.filter(pk__lt=last)
        doubtful = self.faces.order_by("certainty", "pk")
        there = [] if last is None else ProbeFace.objects.filter(pk=last)
        for face in there:
            further = Q(certainty__gt=face.certainty) | Q(pk__gt=face.pk)
            return doubtful.filter(further, certainty__gte=face.certainty)
        return doubtful

    def left(self) -> int:
        """How many there are, as far as `COUNTED`."""
        return self.faces.order_by()[:COUNTED].count()


def take(
    queue: Queue, reviewer: User, most: int, last: int | None = None, *, again: bool = False
) -> list[int]:
    """Hold the next faces after `last` for a reviewer and return their numbers; at the end of the
    queue the first ones follow, which were skipped. `again` those too that the reviewer holds."""
    taken: list[int] = []
    for start in dict.fromkeys((last, None)):
        faces = queue.after(start)
        while len(taken) < most:
            free = faces.filter(_free(reviewer if again else None)).exclude(pk__in=taken)
            found = list(free.values_list("pk", flat=True)[: most - len(taken)])
            if not found:
                break
            taken += _held(found, free, reviewer)
    return taken


def _free(reviewer: User | None) -> Q:
    """Nobody holds it, or has not been seen for too long; or this reviewer does."""
    free = Q(held_until=None) | Q(held_until__lt=timezone.now())
    return free if reviewer is None else free | Q(held_by=reviewer)


def _held(found: Collection[int], free: QuerySet[ProbeFace], reviewer: User) -> list[int]:
    """Hold those of the faces that are still free, in one statement, which decides between two
    reviewers who have found the same."""
    until = timezone.now() + HELD_FOR
    free.filter(pk__in=found).update(held_by=reviewer, held_until=until)
    ours = ProbeFace.objects.filter(pk__in=found, held_by=reviewer, held_until=until)
    held = set(ours.order_by().values_list("pk", flat=True))
    return [face for face in found if face in held]


def hold(face: int, reviewer: User) -> bool:
    """Hold this very face, unless somebody else does."""
    return bool(_held([face], ProbeFace.objects.filter(_free(reviewer)), reviewer))


def go_on(faces: Collection[int], reviewer: User) -> None:
    """The reviewer still looks at what they hold."""
    held = ProbeFace.objects.filter(pk__in=faces, held_by=reviewer)
    held.update(held_until=timezone.now() + HELD_FOR)


def let_go(face: int, reviewer: User) -> None:
    """Somebody else may look at it."""
    held = ProbeFace.objects.filter(pk=face, held_by=reviewer)
    held.update(held_by=None, held_until=None)


@dataclass(frozen=True)
class Group:
    """Faces that the site gave one name, or none: so many of those that wait as are now held."""

    person: Person | None
    waiting: int
    faces: list[int]


def groups(queue: Queue, reviewer: User, most: int) -> list[Group]:
    """The people with the most faces in the queue."""
    named = Q(decision=ProbeFace.Decision.MATCH, person__isnull=False)
    alike = queue.faces.filter(named | Q(decision=ProbeFace.Decision.UNKNOWN))
    counts = alike.order_by().values("decision", "person").annotate(waiting=Count("pk"))
    nobody_first = F("person").asc(nulls_first=True)  # as SQLite has it by itself
    rows = list(counts.order_by("-waiting", nobody_first)[:most])
    people = Person.objects.in_bulk([row["person"] for row in rows if row["person"]])
    free = alike.filter(_free(reviewer))
    found = [list(_first(queue, free, row)) for row in rows]
    held = set(_held([face for faces in found for face in faces], free, reviewer))
    shown = (
        Group(people.get(row["person"]), row["waiting"], [face for face in faces if face in held])
        for row, faces in zip(rows, found, strict=True)
    )
    return [group for group in shown if group.faces]


def _first(queue: Queue, free: QuerySet[ProbeFace], row: Mapping[str, Any]) -> QuerySet[Any, int]:
    """As many of one group as are shown; all groups are then held in one statement."""
    theirs = free.filter(decision=row["decision"], person=row["person"])
    return Queue(theirs, queue.newest_first).after(None).values_list("pk", flat=True)[:IN_A_GROUP]
