"""An answer in the form in which commands print it and trials keep it."""

from __future__ import annotations

from typing import Any

from ml.types import Box, Decision, EmbeddedFace, Identification
from recognition.models import Person
from recognition.services.identification import PhotoAnswer

Json = dict[str, Any]


def faces_as_json(answer: PhotoAnswer) -> list[Json]:
    """The faces from left to right, as the JSON of `manage.py identify` has them."""
    names = _names(answer)
    return [_face(face, decided, names) for face, decided in answer.faces]


def _names(answer: PhotoAnswer) -> dict[int, str]:
    people = {likely.person for _, decided in answer.faces for likely in decided.candidates}
    return dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))


def _face(face: EmbeddedFace, decided: Identification, names: dict[int, str]) -> Json:
    candidates = [
        {
            "person": names.get(likely.person),
            "similarity": likely.similarity,
            "probability": likely.probability,
        }
        for likely in decided.candidates
    ]
    first = candidates[0] if candidates else {"person": None, "similarity": None}
    named = decided.decision == Decision.MATCH
    return {
        "box": _numbers(face.detected.box),
        "score": face.detected.score,
        "quality": face.quality.score,
        "decision": str(decided.decision),
        "person": first["person"] if named else None,
        "probability": decided.probability,
        "similarity": first["similarity"],
        "candidates": candidates,
    }


def _numbers(box: Box) -> list[float]:
    return [box.x, box.y, box.width, box.height]
