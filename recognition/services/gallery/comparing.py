"""A face that is to be enrolled beside those who are enrolled already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from django.db.models import QuerySet

from ml.enrolment import Ask, Doubt, doubt, one_person
from ml.types import EmbeddedFace, Floats
from recognition.models import EnrolledFace, ModelVersion, Person, Template
from recognition.services.gallery import memory
from recognition.services.versions.predictors import Predictor


def doubt_about(face: EmbeddedFace, person: Person, predictor: Predictor) -> Doubt | None:
    """What speaks against enrolling a face as this person, who may be new; None if nothing."""
    templates = Template.objects.filter(face__person=person.pk)
    own = _embeddings(templates, predictor.version)
    with _asking(predictor) as ask:
        return doubt(face.embedding, own, person.pk, ask)


def still_resembles(face: EnrolledFace, predictor: Predictor) -> bool:
    """Whether an enrolled face is probably that of the person whom it resembled, now that others
    have come. Of a gallery of one or two people nothing is known but their faces."""
    embedding = _embeddings(face.templates.all(), predictor.version)
    with _asking(predictor) as ask:
        return face.resembles_id is not None and one_person(embedding, face.resembles_id, ask)


@contextmanager
def _asking(predictor: Predictor) -> Iterator[Ask]:
    with memory.current(predictor.version) as people:
        yield partial(predictor.compare, gallery=people)


def _embeddings(templates: QuerySet[Template], version: ModelVersion) -> Floats:
    """(N, D), those of the version."""
    rows = templates.filter(model_version=version).values_list("embedding", flat=True)
    return np.frombuffer(b"".join(rows), "<f4").reshape(-1, version.embedding_size)
