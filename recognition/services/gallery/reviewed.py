"""Photos that the site was asked about, and of which a reviewer said who is on them, enrolled too.

A few more photos of a person are what helps most, and these are there already. They go through the
checks of any enrolment, bear a mark, and go out again all at once if they turn out to do harm.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import numpy as np
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery, Window
from django.db.models.fields.files import FieldFile
from django.db.models.functions import Coalesce, RowNumber

from ml import imaging
from ml.enrolment import MINIMUM_FOR_ENROLMENT
from ml.errors import PhotoRejected
from ml.types import Box, DetectedFace, EmbeddedFace, Image, Quality, QualityReason
from recognition.models import (
    UNFINISHED,
    EnrolledFace,
    Enrolment,
    Identification,
    Person,
    ProbeFace,
    Status,
    User,
)
from recognition.models.identification import CONFIRMED
from recognition.services.audit import record
from recognition.services.events import emitting
from recognition.services.gallery import memory
from recognition.services.gallery.enrolling import (
    USUAL,
    EnrolmentRefused,
    Options,
    Seen,
    digest_of,
    enrol_seen,
    enrolled_before,
)
from recognition.services.versions.predictors import Predictor
from recognition.services.work import queue

MOST: Final = 10
"""Reviewed photos of a person that are enrolled: the best ones. More of them say little more."""


def enrollable() -> QuerySet[ProbeFace]:
    """Reviewed faces that are good enough to be enrolled and are not yet: the best of each person,
    as far as `MOST` goes. Those that wait to be, or were refused since the review, are left out."""
    asked = Enrolment.objects.filter(probe=OuterRef("pk"), created_at__gte=OuterRef("reviewed_at"))
    tried = asked.filter(status__in=(*UNFINISHED, Status.REJECTED))
    there = EnrolledFace.objects.filter(person=OuterRef("true_person"), from_review=True)
    enrolled = Coalesce(Subquery(there.values("person").annotate(n=Count("pk")).values("n")), 0)
    ranked = Window(RowNumber(), F("true_person"), order_by=(F("quality").desc(), F("pk").asc()))
    faces = ProbeFace.objects.filter(review__in=CONFIRMED, quality__gte=MINIMUM_FOR_ENROLMENT)
    free = faces.filter(~Exists(tried), enrolled=None).exclude(true_person=None)
    best = free.annotate(place=ranked + enrolled).filter(place__lte=MOST)
    return best.select_related("true_person", "identification").order_by("true_person", "place")


def request(actor: User) -> int:
    """Have a worker enrol all that can be; returns how many photos that are."""
    return len(request_faces(((face, face.true_person) for face in enrollable()), actor))


def request_faces(
    whose: Iterable[tuple[ProbeFace, Person | None]],
    actor: User,
    *,
    from_review: bool = True,
    force: bool = False,
) -> list[Enrolment]:
    """Have a worker enrol faces of answers, each as somebody; see `Enrolment` for who says so."""
    with transaction.atomic():
        rows = Enrolment.objects.bulk_create(
            Enrolment(
                person=person,
                probe=face,
                filename=face.identification.filename,
                requested_by=actor,
                from_review=from_review,
                force=force,
            )
            for face, person in whose
        )
        queue.enqueue_on_commit(Enrolment, [row.pk for row in rows])
    return rows


def enrol(
    probe: ProbeFace,
    *,
    said: Person | None = None,
    options: Options = USUAL,
    actor: User | None = None,
) -> tuple[EnrolledFace, bool]:
    """Enrol a face as the person that somebody has said it is, or that the operator says now: then
    that is `said`. False if this very face is enrolled.

    Raises:
        EnrolmentRefused: nobody says so, or it cannot be used as it is.
        ArtifactError, WeightsMissing: there is no model to embed it with.
    """
    person = said or probe.whose
    if person is None:
        raise EnrolmentRefused("not_confirmed")
    data = _stored(probe.crop)
    digest = digest_of(data)
    known = enrolled_before(person, digest)
    if known is not None:
        return known, False
    if any(_stored(face.crop) == data for face in person.faces.all()):
        raise EnrolmentRefused("enrolled_as_photo")
    origin = {"person": person, "photo_digest": digest, "probe": probe, "from_review": not said}
    look = partial(_seen, probe, imaging.decode(data))
    return enrol_seen({**origin, "filename": probe.identification.filename}, look, options, actor)


def _stored(file: FieldFile) -> bytes:
    try:
        with file.open() as stored:
            return bytes(stored.read())
    except (FileNotFoundError, ValueError) as error:  # a field without a file
        raise EnrolmentRefused("original_missing") from error


def _seen(probe: ProbeFace, crop: Image, predictor: Predictor) -> Seen:
    """Embedded anew: another version may have answered."""
    (embedding,) = predictor.recognizer.embed(crop[None])
    quality = Quality(probe.quality, tuple(map(QualityReason, probe.quality_reasons)))
    photo, scale = _photo(probe.identification)
    landmarks = np.array(probe.landmarks, np.float32) * scale
    box = Box(*(side * scale for side in (probe.x, probe.y, probe.width, probe.height)))
    detected = DetectedFace(box, probe.score, landmarks)
    return Seen(EmbeddedFace(detected, quality, crop, embedding), photo, predictor)


def _photo(asked: Identification) -> tuple[Image, float]:
    """The photo as the pages show it, and by how much it is smaller than it was."""
    try:
        photo = imaging.decode(_stored(asked.photo))
    except PhotoRejected as error:
        raise EnrolmentRefused("original_missing") from error
    return photo, photo.shape[1] / (asked.width or photo.shape[1])


def take_out(actor: User | None, only: Iterable[ProbeFace] | None = None) -> int:
    """Take what was enrolled of reviewed photos out of the gallery again, or of these faces,
    whoever said whose they are; returns how many photos that were."""
    with memory.changing() as changes:
        which = {"from_review": True} if only is None else {"probe__in": only}
        faces = EnrolledFace.objects.filter(**which)
        there = list(faces)
        changes.removed((face.pk, face.person_id) for face in there)
        for face in there:
            emitting.photo_removed(face)
        for face in there:
            record(actor, "face.removed", face, person=face.person_id, reviewed=face.from_review)
        faces.filter(pk__in=[face.pk for face in there]).delete()
    return len(there)
