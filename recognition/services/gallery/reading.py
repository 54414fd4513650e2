"""Templates of a version, of everybody who may be named, as the database has them."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Collection, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
from django.db.models import QuerySet

from ml.rows import Rows
from recognition.models import ModelVersion, Template
from recognition.services import consent
from recognition.services.gallery.terms import Terms

_BATCH: Final = 500


class Read(NamedTuple):
    """A template; `until` is when its person's consent ends, if that is known."""

    face: int
    person: int
    embedding: bytes
    quality: float
    until: dt.datetime | None


def some(version: ModelVersion, faces: Collection[int]) -> Iterator[Read]:
    """Those of some faces."""
    return _read(_templates(version).filter(face__in=faces))


def by_person(
    version: ModelVersion, people: Collection[int] | None = None
) -> Iterator[tuple[int, list[Read]]]:
    """Those of everybody, or of some people, each with their own."""
    found = _templates(version)
    if people is not None:
        found = found.filter(face__person__in=people)
    rows = _read(found.order_by("face__person_id", "face_id"))
    for person, own in groupby(rows, attrgetter("person")):
        yield person, list(own)


def everything(version: ModelVersion) -> tuple[Rows, Terms]:
    """All of them, and the terms of those who have agreed for a time."""
    terms = Terms(np.zeros((0, 2), np.int64))
    people, faces, qualities, embeddings = array("q"), array("q"), array("d"), bytearray()
    for one in _read(_templates(version).order_by("face__person_id", "face_id")):
        people.append(one.person)
        faces.append(one.face)
        qualities.append(one.quality)
        embeddings += one.embedding
        if one.until:
            terms.put(one.face, one.until)
    vectors = np.frombuffer(embeddings, "<f4").reshape(-1, version.embedding_size)
    ids = np.array(people, np.int64), np.array(faces, np.int64)
    return Rows.of(*ids, vectors, np.array(qualities)), terms


def _templates(version: ModelVersion) -> QuerySet[Template]:
    may_be_named = consent.may_be_named("face__person")
    return Template.objects.filter(may_be_named, model_version=version)


def _read(templates: QuerySet[Template]) -> Iterator[Read]:
    rows = templates.values_list(
        "face_id",
        "face__person_id",
        "embedding",
        "face__quality",
        consent.recognised_until("face__person"),
    )
    for face, person, embedding, quality, until in rows.iterator(chunk_size=_BATCH):
        ends = until if until and until < consent.FOREVER else None
        yield Read(face, person, embedding, quality, ends)
