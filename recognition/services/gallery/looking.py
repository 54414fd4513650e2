"""Looking at the gallery in the background: at everybody once, and then at those around whoever has
changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ml.calibration import Calibration, Policy, identify
from ml.enrolment import Doubt, Objection
from ml.gallery import Gallery
from ml.looking import Looked, look_at
from recognition.models import (
    EnrolledFace,
    Finding,
    GalleryChange,
    Look,
    LookedOver,
    ModelVersion,
    Person,
)
from recognition.services.gallery import memory, revisions
from recognition.services.versions import registry
from recognition.services.work import processes

POOR: Final = 0.5
"""Of a photo, see `ml.quality`: better ones are easily taken."""
BATCH: Final = 100
"""People whose findings are stored at once: nobody else can write meanwhile."""
MOST_CHANGED: Final = 1000
"""After more changes than that everybody is looked at."""
GIVEN_UP: Final = dt.timedelta(hours=1)
"""A process that began longer ago was ended."""
Kind = Finding.Kind
Key = tuple[str, int, int | None, int | None]
"""Kind, person, other person and photo of a finding."""


def launch_when_due() -> None:
    """Start `manage.py look_over` if the gallery, or the rule, is another than was looked at."""
    done, version = _done(), registry.active()
    ended = done.began_at is None or done.began_at < timezone.now() - GIVEN_UP
    if version is None or not ended or registry.calibration_of(version) is None:
        return
    if (done.revision, done.rule) != (revisions.last(), _rule(version)):
        processes.start("look_over", "--quiet", one_thread=True)


def look_over() -> int:
    """Look at everybody for whom something may have changed; returns how many that are."""
    done, version = _done(), registry.active()
    calibration = registry.calibration_of(version) if version else None
    if version is None or calibration is None or not _claim(done):
        return 0
    try:
        return _look_over(done, version, calibration)
    finally:
        LookedOver.objects.filter(pk=done.pk).update(began_at=None)


def _look_over(done: LookedOver, version: ModelVersion, calibration: Path) -> int:
    gallery, revision = memory.apart(version)
    due = sorted(_due(done, gallery, version))
    _look_at_all(due, gallery, Calibration.load(calibration))
    as_of = {"revision": revision, "rule": _rule(version), "ended_at": timezone.now()}
    LookedOver.objects.filter(pk=done.pk).update(**as_of)
    return len(due)


def _done() -> LookedOver:
    return LookedOver.objects.get_or_create(pk=1)[0]


def _claim(done: LookedOver) -> bool:
    """Of two processes one does it."""
    now = timezone.now()
    free = Q(began_at=None) | Q(began_at__lt=now - GIVEN_UP)
    return bool(LookedOver.objects.filter(free, pk=done.pk).update(began_at=now))


def _rule(version: ModelVersion) -> str:
    return f"{version.pk} {settings.TARGET_FPIR} {settings.STRANGERS}"


def _due(done: LookedOver, gallery: Gallery, version: ModelVersion) -> set[int]:
    changes = GalleryChange.objects.filter(revision__gt=done.revision)
    changed = set(changes.values_list("person_id", flat=True).distinct()[: MOST_CHANGED + 1])
    if done.rule != _rule(version) or len(changed) > MOST_CHANGED:
        return {*gallery.everybody, *Look.objects.values_list("person_id", flat=True)}
    there = changed & gallery.everybody
    near = {one.person for person in there for one in gallery.around(person)}
    said = Finding.objects.filter(other__in=changed, settled_at=None)
    return {*changed, *near, *said.values_list("person_id", flat=True)}


def _look_at_all(people: Sequence[int], gallery: Gallery, calibration: Calibration) -> None:
    policy = Policy(settings.TARGET_FPIR, settings.STRANGERS)
    decide = partial(identify, calibration=calibration, policy=policy)
    for start in range(0, len(people), BATCH):
        looked = {}
        for person in people[start : start + BATCH]:
            gallery.forget_around()
            looked[person] = look_at(person, gallery, decide) if person in gallery else None
        _keep(looked)


def _keep(looked: Mapping[int, Looked | None]) -> None:
    """Replace what was found of these people before, but not what somebody has settled. Nobody is
    removed or merged meanwhile, and of whoever was before nothing is kept."""
    with revisions.standing_still():
        there = set(Person.objects.filter(pk__in=looked).values_list("pk", flat=True))
        seen = {person: one for person, one in looked.items() if one and person in there}
        Look.objects.filter(person__in=looked).delete()
        Look.objects.bulk_create(
            Look(pk=person, tested=one.tested, recognised=one.recognised)
            for person, one in seen.items()
        )
        _replace(looked, set(_found(seen)))


def _replace(people: Iterable[int], found: set[Key]) -> None:
    rows = Finding.objects.filter(person__in=people)
    before = {_key(row): row for row in rows}
    over = [row.pk for key, row in before.items() if key not in found and row.settled_at is None]
    Finding.objects.filter(pk__in=over).delete()
    Finding.objects.bulk_create(
        Finding(kind=kind, person_id=person, other_id=other, face_id=face)
        for kind, person, other, face in sorted(found - before.keys(), key=str)
    )


def _key(row: Finding) -> Key:
    return row.kind, row.person_id, row.other_id, row.face_id


def _found(seen: Mapping[int, Looked]) -> Iterator[Key]:
    """Of photos that are still theirs, and other people who are still there."""
    faces = EnrolledFace.objects.filter(person__in=seen)
    theirs = set(faces.values_list("pk", "person_id"))
    there = _still_there(seen.values())
    for person, one in seen.items():
        yield from ((Kind.DOUBLE.value, person, other, None) for other in one.doubles & there)
        for face, said in one.doubts.items():
            if (face, person) in theirs:
                yield _about(person, face, said, there)
    poor = faces.filter(quality__lt=POOR).values_list("pk", "person_id")
    yield from ((Kind.POOR.value, person, None, face) for face, person in poor)


def _still_there(looked: Iterable[Looked]) -> set[int]:
    """Of the other people who are spoken of."""
    others = set[int]()
    for one in looked:
        others |= one.doubles | {said.other.person for said in one.doubts.values() if said.other}
    return set(Person.objects.filter(pk__in=others).values_list("pk", flat=True))


def _about(person: int, face: int, said: Doubt, there: Set[int]) -> Key:
    like = said.objection == Objection.LOOKS_LIKE_ANOTHER and said.other
    if like and like.person in there:
        return Kind.LIKE_ANOTHER.value, person, like.person, face
    return Kind.UNLIKE.value, person, None, face
