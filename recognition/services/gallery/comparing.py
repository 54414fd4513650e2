"""A face that is to be enrolled beside those who are enrolled already."""

from __future__ import annotations

from functools import partial

import numpy as np
from django.conf import settings

from ml.calibration import identify
from ml.enrolment import Doubt, doubt
from ml.types import EmbeddedFace, Floats
from recognition.models import ModelVersion, Person, Template
from recognition.services.gallery import memory
from recognition.services.versions.predictors import Predictor


def doubt_about(face: EmbeddedFace, person: Person, predictor: Predictor) -> Doubt | None:
    """What speaks against enrolling a face as this person, who may be new; None if nothing."""
    own = _own(person, predictor.version)
    with memory.current(predictor.version) as people:
        ask = partial(
            identify,
            gallery=people,
            calibration=predictor.recognizer.calibration,
            fpir=settings.TARGET_FPIR,
        )
        return doubt(face.embedding, own, person.pk, ask)


def _own(person: Person, version: ModelVersion) -> Floats:
    """The embeddings of a person's photos, (N, D)."""
    templates = Template.objects.filter(face__person=person.pk, model_version=version)
    rows = templates.values_list("embedding", flat=True)
    return np.frombuffer(b"".join(rows), "<f4").reshape(-1, version.embedding_size)
