"""Unknown faces that are probably of one person, put together beside the answers: late, twice or
not at all, it changes none of them.

Only faces that the version in service has embedded can be compared. After a promotion strangers
begin anew, and those of before stay as they are until their photos go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from kombu.exceptions import OperationalError

from ml import clustering
from ml.clustering import Ints
from ml.types import Floats
from recognition.models import ModelVersion, ProbeFace, Stranger
from recognition.models.identification import CONFIRMED
from recognition.services.gallery import memory
from recognition.services.versions import predictors, registry
from recognition.services.work import processes, queue

Verdict = ProbeFace.Review
NAMELESS: Final = Q(
    decision=ProbeFace.Decision.UNKNOWN, review__in=(Verdict.NONE, Verdict.NOT_IN_GALLERY)
)
"""Faces good enough to say that nobody enrolled is meant, of which no reviewer says otherwise."""
EXPIRES: Final = 10
"""Seconds after which a message is of no use: by then the sweeper has sent another."""
MANY: Final = 2000
"""More new faces than a worker should stop for."""
BATCH: Final = 500
"""Faces that are stored in one transaction: nobody else can write meanwhile."""


def waiting() -> QuerySet[ProbeFace]:
    """Faces that can be compared with others and have not been."""
    new = ProbeFace.objects.filter(NAMELESS, stranger=None, enrolled=None)
    return new.filter(identification__model_version=registry.active())


def sweep() -> None:
    """Have a worker see to new faces, after all photos that wait."""
    if settings.RECURRING and waiting().exists():
        with suppress(OperationalError):
            current_app.send_task(
                "recognition.tasks.gather", expires=EXPIRES, priority=queue.LAST, retry=False
            )


def launch() -> None:
    """Put new faces to their strangers, here or, if they are many, in a process of its own."""
    if not settings.RECURRING or registry.problem():
        return
    new = waiting().count()
    if new > MANY:
        processes.start("gather", "--quiet")
    elif new:
        gather()


def tidy() -> None:
    """Let faces go of which somebody has said since whose they are, and whoever has no face left;
    everybody who has no name, on a site that puts no faces together."""
    told = Q(review__in=(*CONFIRMED, Verdict.NOT_A_FACE), stranger__isnull=False)
    enrolled = Q(enrolled__isnull=False, stranger__person=None, stranger__isnull=False)
    for condition in (told, enrolled):
        ProbeFace.objects.filter(condition).update(stranger=None)
    gone = ~Q(Exists(ProbeFace.objects.filter(stranger=OuterRef("pk"))))
    if not settings.RECURRING:
        gone |= Q(person=None)
    Stranger.objects.filter(gone).delete()


def gather() -> int:
    """Put every new face to its stranger; returns how many there were.

    Raises:
        ArtifactError: there is no model to ask what is usual around a face.
    """
    predictor = predictors.active()
    faces = _read(predictor.version)
    if not len(faces.keys):
        return 0
    known, groups = _numbered(faces.strangers)
    fixed = np.isin(known, _settled())
    around = clustering.usual(faces.embeddings, _cohort(predictor))
    joined = clustering.together(faces.embeddings, around, groups, fixed)
    moved = np.flatnonzero((joined != groups) | (groups >= len(known)))
    _store(faces.keys[moved], joined[moved], known)
    tidy()
    return int((groups >= len(known)).sum())


class _Faces(NamedTuple):
    """`keys` (N,), `strangers` (N,), 0 where there is none yet, `embeddings` (N, D)."""

    keys: Ints
    strangers: Ints
    embeddings: Floats


def _read(version: ModelVersion) -> _Faces:
    """Everybody's who has no name."""
    faces = ProbeFace.objects.filter(NAMELESS, stranger__person=None, enrolled=None)
    rows = faces.filter(identification__model_version=version).order_by("pk")
    values = list(rows.values_list("pk", "stranger", "embedding").iterator(chunk_size=BATCH))
    embeddings = b"".join(bytes(embedding) for *_, embedding in values)
    return _Faces(
        np.array([key for key, *_ in values], np.int64),
        np.array([stranger or 0 for _, stranger, _ in values], np.int64),
        np.frombuffer(embeddings, "<f4").reshape(-1, version.embedding_size),
    )


def _numbered(strangers: Ints) -> tuple[Ints, Ints]:
    """The strangers that there are, the oldest first, and the group of each face: their place, or a
    number of its own behind them."""
    known = np.unique(strangers[strangers > 0])
    new = strangers == 0
    groups = np.searchsorted(known, strangers)
    groups[new] = len(known) + np.arange(new.sum())
    return known, groups


def _settled() -> list[int]:
    return list(Stranger.objects.filter(settled=True).values_list("pk", flat=True))


def _cohort(predictor: predictors.Predictor) -> Floats:
    """People who are enrolled, and are nobody of the strangers, with the anchors."""
    with memory.current(predictor.version) as people:
        enrolled = people.some_prototypes(clustering.COHORT)
    return np.concatenate([predictor.recognizer.calibration.anchors, enrolled])


def _store(keys: Ints, groups: Ints, known: Ints) -> None:
    """So many faces at a time. Whoever is stopped has put the rest to nobody, and goes on."""
    strangers = dict(enumerate(known.tolist()))
    for part in _batches(np.argsort(groups, kind="stable")):
        with transaction.atomic():
            rows = dict(zip(keys[part].tolist(), groups[part].tolist(), strict=True))
            _add_strangers(strangers, set(rows.values()))
            there = _open(strangers[group] for group in rows.values())
            faces = [
                ProbeFace(pk=key, stranger_id=strangers[group])
                for key, group in rows.items()
                if strangers[group] in there
            ]
            ProbeFace.objects.bulk_update(faces, ["stranger"])


def _batches(order: Ints) -> Iterator[Ints]:
    return (order[start : start + BATCH] for start in range(0, len(order), BATCH))


def _add_strangers(strangers: dict[int, int], groups: set[int]) -> None:
    new = sorted(groups - strangers.keys())
    rows = Stranger.objects.bulk_create(Stranger() for _ in new)
    strangers.update(zip(new, (row.pk for row in rows), strict=True))


def _open(strangers: Iterator[int]) -> set[int]:
    """Those who are there still and have no name: somebody may have decided meanwhile."""
    rows = Stranger.objects.select_for_update().filter(pk__in=set(strangers), person=None)
    return set(rows.values_list("pk", flat=True))
