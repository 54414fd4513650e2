"""An answer as values: out of a worker's memory or out of stored rows, and the one JSON of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from ml.types import Decision, EmbeddedFace
from ml.types import Identification as Decided
from recognition.models import Candidate as Row
from recognition.models import Identification, Person, ProbeFace
from recognition.services.identification.answering import PhotoAnswer
from recognition.services.identification.reading import FacePage

Json = dict[str, Any]


@dataclass(frozen=True)
class Candidate:
    """Somebody of the gallery, by number, who may be the face."""

    rank: int
    person: int
    similarity: float
    probability: float
    other_name: bool

    @classmethod
    def of_row(cls, row: Row) -> Self:
        return cls(row.rank, row.person_id, row.similarity, row.probability, row.other_name)


@dataclass(frozen=True)
class Face:
    """What is answered about one face. `box` is x, y, width and height in pixels of the upright
    photo; candidates come best first; `rival` and `corrected` are those of
    `ml.types.Identification`."""

    box: tuple[float, float, float, float]
    score: float
    quality: float
    decision: str
    rival: int | None
    probability: float | None
    threshold: float | None
    corrected: bool
    candidates: tuple[Candidate, ...]

    @classmethod
    def of_memory(cls, face: EmbeddedFace, decided: Decided) -> Self:
        box = face.detected.box
        return cls(
            box=(box.x, box.y, box.width, box.height),
            score=face.detected.score,
            quality=face.quality.score,
            decision=str(decided.decision),
            rival=decided.rival,
            probability=decided.probability,
            threshold=decided.threshold,
            corrected=decided.corrected,
            candidates=tuple(
                Candidate(
                    rank, likely.person, likely.similarity, likely.probability, likely.other_name
                )
                for rank, likely in enumerate(decided.candidates)
            ),
        )

    @classmethod
    def of_row(cls, face: ProbeFace) -> Self:
        """A stored face. Who was removed since is missing among the candidates."""
        return cls(
            box=(face.x, face.y, face.width, face.height),
            score=face.score,
            quality=face.quality,
            decision=face.decision,
            rival=face.rival,
            probability=face.probability,
            threshold=face.threshold,
            corrected=face.corrected,
            candidates=tuple(
                map(Candidate.of_row, sorted(face.candidates.all(), key=lambda one: one.rank))
            ),
        )

    @classmethod
    def of_page(cls, page: FacePage) -> Self:
        """As much of a stored face as somebody is shown on its page: of people whom the answer does
        not name no more than their role may see, and numbers only where those tell of nobody."""
        shown = tuple(Candidate.of_row(near.candidate) for near in page.likenesses)
        face = replace(cls.of_row(page.face), candidates=shown)
        return face if page.explained else replace(face, probability=None, threshold=None)

    def as_json(self, said: Callable[[int], str | int | None]) -> Json:
        candidates = [
            {
                "person": said(likely.person),
                "similarity": likely.similarity,
                "probability": likely.probability,
                "other_name": likely.other_name,
            }
            for likely in self.candidates
        ]
        # Whoever was most alike may have been removed since: nobody moves up.
        first_is_there = bool(self.candidates) and self.candidates[0].rank == 0
        first = candidates[0] if first_is_there else {"person": None, "similarity": None}
        named = self.decision == Decision.MATCH
        return {
            "box": list(self.box),
            "score": self.score,
            "quality": self.quality,
            "decision": self.decision,
            "rival": self.rival,
            "person": first["person"] if named else None,
            "probability": self.probability,
            "similarity": first["similarity"],
            "threshold": self.threshold,
            "corrected": self.corrected,
            "candidates": candidates,
        }


@dataclass(frozen=True)
class Answer:
    """The faces of a photo, from left to right."""

    faces: tuple[Face, ...]

    @classmethod
    def of_memory(cls, answer: PhotoAnswer) -> Self:
        return cls(tuple(Face.of_memory(*face) for face in answer.faces))

    @classmethod
    def of_row(cls, row: Identification) -> Self:
        faces = row.faces.order_by("index").prefetch_related("candidates")
        return cls(tuple(map(Face.of_row, faces)))

    def as_json(self) -> list[Json]:
        """The faces as `manage.py identify --json` has them."""
        people = {likely.person for face in self.faces for likely in face.candidates}
        names = dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))
        return [face.as_json(names.get) for face in self.faces]

    def by_number(self) -> list[Json]:
        """The same with numbers of people in the place of their names, to be kept in a row: names
        would stay there after people were renamed or removed."""
        return [face.as_json(lambda person: person) for face in self.faces]
