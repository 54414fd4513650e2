"""What reviewers refused once is not answered again: a face that is the same as one of which they
said that it is not this person, or nearly the same, does not get that name.

Nothing is kept for it: the reviewed faces themselves are asked. A verdict that is taken back, and a
photo that is deleted, count no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Final

import numpy as np
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from ml.gallery import Gallery
from ml.types import Decision, EmbeddedFace, Floats
from ml.types import Identification as Answer
from recognition.models import Candidate, ModelVersion, ProbeFace
from recognition.models.identification import REFUSING
from recognition.services.access import NAMED
from recognition.services.versions.predictors import Predictor

SAME_PICTURE: Final = 0.75
"""Similarity from which on two faces are one picture, though it was copied on the way; see
docs/decision.md."""

MOST: Final = 200
"""Refused faces of a person that are compared with: the newest."""

Stored = tuple[int, bytes | memoryview, int | None]
Refusal = tuple[int, Floats]
"""Somebody, and the embedding of a face that is not theirs."""


def identify_all(
    faces: Sequence[EmbeddedFace], gallery: Gallery, predictor: Predictor
) -> Sequence[Answer]:
    """Who the faces of one photo are, without the names that were refused for them. Where one would
    have been given, the decision is made anew, as if that person was not enrolled."""
    answers = predictor.identify_all(faces, gallery)
    refused = _refused(faces, answers, predictor.version)
    if not any(refused):
        return answers
    anew = predictor.identify_all(faces, gallery, refused)
    return [replace(answer, corrected=bool(out)) for answer, out in zip(anew, refused, strict=True)]


def _refused(
    faces: Sequence[EmbeddedFace], answers: Sequence[Answer], version: ModelVersion
) -> list[Set[int]]:
    """Of each face the candidates who were refused for it, as long as one of them is named."""
    people = {one.person for answer in answers if answer.named for one in answer.candidates}
    refusals = _refusals(people, version) if people else []
    return [_of_face(*one, refusals) for one in zip(faces, answers, strict=True)]


def _of_face(face: EmbeddedFace, answer: Answer, refusals: Iterable[Refusal]) -> Set[int]:
    near = {person for person, other in refusals if other @ face.embedding >= SAME_PICTURE}
    return near if any(one.person in near for one in answer.named) else frozenset()


def _refusals(people: Set[int], version: ModelVersion) -> list[Refusal]:
    """Faces that are not of these people: two queries, however many faces and people.

    Of which version they are is looked up of those alone: asked in the query, a database may go
    through all photos of the version.
    """
    rows = (*_named(people), *_between_two())
    return [
        (person, np.frombuffer(embedding, "<f4"))
        for person, embedding, of in rows
        if of == version.pk and person in people
    ]


def _named(people: Set[int]) -> Iterable[Stored]:
    place = Window(RowNumber(), F("person"), order_by=F("reviewed_at").desc())
    faces = ProbeFace.objects.order_by().filter(
        review__in=REFUSING, decision=Decision.MATCH, person__in=people
    )
    refused = faces.exclude(person=F("true_person"))  # two entries may have become one
    newest = refused.annotate(place=place).filter(place__lte=MOST)
    return newest.values_list("person_id", "embedding", "identification__model_version_id")


def _between_two() -> Iterable[Stored]:
    """Of answers that name two people: neither of them, or not the one who it is not."""
    faces = ProbeFace.objects.filter(review__in=REFUSING, decision=Decision.AMBIGUOUS)
    newest = faces.order_by("-reviewed_at").values("pk")[:MOST]
    named = Candidate.objects.filter(NAMED, face__in=newest).order_by()
    refused = named.exclude(person=F("face__true_person"))
    return refused.values_list(
        "person_id", "face__embedding", "face__identification__model_version_id"
    )
