"""An answer in the form in which commands print it, and in which trials keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml.types import Box, Decision, EmbeddedFace, Identification
from recognition.models import Person
from recognition.services.identification.answering import PhotoAnswer

Json = dict[str, Any]


def faces_as_json(answer: PhotoAnswer) -> list[Json]:
    """The faces from left to right, as the JSON of `manage.py identify` has them."""
    name = _names(answer).get
    return [_face(face, decided, name) for face, decided in answer.faces]


def faces_by_number(answer: PhotoAnswer) -> list[Json]:
    """The same with numbers of people in the place of their names, to be kept in a row: names
    would stay there after people were renamed or removed."""
    return [_face(face, decided, lambda person: person) for face, decided in answer.faces]


def _names(answer: PhotoAnswer) -> dict[int, str]:
    people = {likely.person for _, decided in answer.faces for likely in decided.candidates}
    return dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))


def _face(
    face: EmbeddedFace, decided: Identification, said: Callable[[int], str | int | None]
) -> Json:
    candidates = [
        {
            "person": said(likely.person),
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
