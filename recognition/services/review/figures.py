"""How often the site errs, and reviewers differ, as far as reviewers have looked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q

from recognition.models import AuditEvent, ProbeFace
from recognition.services.review.verdicts import REVIEWED, UNDONE

Decision, Verdict = ProbeFace.Decision, ProbeFace.Review
JUDGED: Final = tuple(verdict for verdict in Verdict if verdict)


@dataclass(frozen=True)
class Share:
    """So many `of` so many; no rate of none."""

    part: int
    of: int

    @property
    def rate(self) -> float | None:
        return self.part / self.of if self.of else None


def wrong() -> Share:
    """Faces with a name of which reviewers said that it is another, or none."""
    return _share(Q(decision=Decision.MATCH), ~Q(review=Verdict.RIGHT))


def missed() -> Share:
    """Faces called unknown of which reviewers said that they are somebody of the gallery. What is
    no face had nobody to be missed."""
    unknown = Q(decision=Decision.UNKNOWN) & ~Q(review=Verdict.NOT_A_FACE)
    return _share(unknown, Q(review=Verdict.SOMEBODY_ELSE))


def _share(answered: Q, so: Q) -> Share:
    reviewed = ProbeFace.objects.filter(answered, review__in=JUDGED)
    return Share(**reviewed.aggregate(part=Count("pk", filter=so), of=Count("pk")))


def disagreed(since: dt.datetime) -> Share:
    """Of the faces that several reviewers have judged since, those of which they said different
    things. What was taken back was not said."""
    said = AuditEvent.objects.filter(created_at__gte=since)
    undone = said.filter(action=UNDONE).values_list("details__undone", flat=True)
    judged = said.filter(action=REVIEWED).exclude(number__in=set(undone))
    several = judged.values("subject_id").annotate(n=Count("actor", distinct=True)).filter(n__gt=1)
    by_face: dict[str, dict[int | None, object]] = defaultdict(dict)
    for event in judged.filter(subject_id__in=several.values("subject_id")).order_by("number"):
        verdict = (event.details["verdict"], event.details["true_person"])
        by_face[event.subject_id][event.actor_id] = verdict
    differ = [face for face, verdicts in by_face.items() if len(set(verdicts.values())) > 1]
    return Share(len(differ), len(by_face))


@dataclass(frozen=True)
class Backlog:
    """Faces that nobody has judged, and since when the first of them waits."""

    faces: int
    oldest: dt.datetime | None


def backlog() -> Backlog:
    waiting = ProbeFace.objects.filter(review=Verdict.NONE)
    first = waiting.order_by("pk").values_list("identification__created_at", flat=True).first()
    return Backlog(waiting.count(), first)
