"""Stored answers as the pages show them: few queries, no matter how many photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from recognition.models import (
    Candidate,
    EnrolledFace,
    Enrolment,
    Identification,
    ModelVersion,
    Opinion,
    ProbeFace,
    Proposal,
)
from recognition.services.access import Others

BATCH = 50
PORTRAITS = 3
HEAVY = ("embedding", "landmarks")
"""Columns that no page shows."""
Reader = Callable[[QuerySet[Identification]], QuerySet[Identification]]


def with_names(identifications: QuerySet[Identification]) -> QuerySet[Identification]:
    """The rows with what a list shows of them: each face, its decision, and the names for it."""
    named = Candidate.objects.filter(rank__lt=2)
    return _with_faces(identifications, ProbeFace.objects.all(), named)


def with_everything(
    identifications: QuerySet[Identification], *, naming: bool = False
) -> QuerySet[Identification]:
    """The rows with what their pages show. What became of faces on their way into the gallery
    takes three queries more, and is shown only to those who may name them: they ask for `naming`.
    """
    photos = identifications.select_related("user", "model_version")
    said = said_since() if naming else (opinions(),)
    faces = ProbeFace.objects.select_related("heat").prefetch_related(*said)
    return _with_faces(photos, faces, Candidate.objects.all())


def in_batches(ids: Sequence[UUID], reader: Reader) -> Iterator[Identification]:
    """Many photos in this order, each as a `reader` such as `with_everything` gives it, for people
    who may receive them slowly: no query stays open, and few rows are in memory at once."""
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        rows = reader(Identification.objects.filter(pk__in=batch)).in_bulk()
        yield from (rows[pk] for pk in batch if pk in rows)


def opinions() -> Prefetch[str]:
    """What those who asked say about the answers."""
    return Prefetch("opinion", Opinion.objects.select_related("person"))


def said_since() -> tuple[Prefetch[str], ...]:
    """What people said and did about faces since they were answered."""
    return (
        opinions(),
        Prefetch("enrolled", EnrolledFace.objects.select_related("person")),
        Prefetch("enrolments", Enrolment.objects.select_related("person", "face__person")),
        Prefetch("proposals", Proposal.objects.select_related("person", "proposed_by")),
    )


def _with_faces(
    identifications: QuerySet[Identification],
    faces: QuerySet[ProbeFace],
    candidates: QuerySet[Candidate],
) -> QuerySet[Identification]:
    ordered = _with_candidates(faces.order_by("index"), candidates)
    return identifications.prefetch_related(Prefetch("faces", ordered))


def faces_with_everything(faces: QuerySet[ProbeFace]) -> QuerySet[ProbeFace]:
    """The same for single faces, whatever photos they are in."""
    photos = faces.select_related("identification__user", "identification__model_version")
    return _with_candidates(photos, Candidate.objects.all()).prefetch_related(*said_since())


def _with_candidates(
    faces: QuerySet[ProbeFace], candidates: QuerySet[Candidate]
) -> QuerySet[ProbeFace]:
    ranked = Prefetch("candidates", candidates.select_related("person").order_by("rank"))
    named = faces.select_related("person", "true_person", "stranger__person")
    return named.defer(*HEAVY).prefetch_related(ranked)


def badge_radius(width: int | None, height: int | None) -> int:
    """The radius of the number at a face, in pixels of a photo of that size."""
    return max(6, round(max(width or 0, height or 0) * 0.026))


@dataclass(frozen=True)
class Likeness:
    """A candidate and the enrolled portraits that speak for it."""

    candidate: Candidate
    portraits: tuple[EnrolledFace, ...]


@dataclass(frozen=True)
class FacePage:
    """What the page says about one face, to somebody who is shown that much of `others`."""

    face: ProbeFace
    likenesses: tuple[Likeness, ...]
    others_shown: Others

    @property
    def number(self) -> int:
        return self.face.index + 1

    @property
    def named(self) -> tuple[Likeness, ...]:
        """Who the answer names. Who was removed since is missing, and nobody moves up."""
        return tuple(near for near in self.likenesses if near.candidate.rank < self.face.names)

    @property
    def others(self) -> tuple[Likeness, ...]:
        return tuple(near for near in self.likenesses if near.candidate.rank >= self.face.names)

    @property
    def best(self) -> Candidate | None:
        """The most alike of all, unless this person was removed since."""
        return next((near.candidate for near in self.likenesses if near.candidate.rank == 0), None)

    @property
    def margin(self) -> float | None:
        """By how much the best is more alike than the next person, where both are shown."""
        rest = (near.candidate for near in self.likenesses if near.candidate.rank > 0)
        next_best = next((candidate for candidate in rest if not candidate.other_name), None)
        if self.best is None or next_best is None:
            return None
        return self.best.similarity - next_best.similarity

    @property
    def explained(self) -> bool:
        """Whether the numbers are told. An answer that names nobody compares with others: who may
        not see them could otherwise find out, try by try, who is enrolled."""
        compared = self.face.similarity is not None
        return compared and (self.face.names > 0 or self.others_shown > Others.NONE)

    @property
    def other_names(self) -> tuple[Candidate, ...]:
        """Further entries that look like the same person, for somebody who is named."""
        if not self.face.names or self.best is None:
            return ()
        return tuple(near.candidate for near in self.likenesses if near.candidate.other_name)

    @property
    def by_classes(self) -> bool:
        """Whether the network's own classes answered, and not the gallery."""
        version = self.face.identification.model_version
        return version is not None and version.answers_by == ModelVersion.AnswersBy.CLASSES

    @property
    def can_be_mapped(self) -> bool:
        """Whether it can be found out which part of the face decided (`explaining.explainable`)."""
        matched = self.face.decision == ProbeFace.Decision.MATCH
        return matched and self.face.person_id is not None and not self.by_classes

    @property
    def always_named(self) -> bool:
        """Whether they did so as a closed set, for which no probability is too small."""
        return self.by_classes and self.face.threshold == 0

    @property
    def too_poor(self) -> bool:
        """Whether somebody is alike enough, and the face alone keeps the answer from a name."""
        face = self.face
        counts = face.probability if self.by_classes else face.similarity
        unclear = face.decision == ProbeFace.Decision.UNCLEAR
        return unclear and counts is not None and counts >= face.threshold


@dataclass(frozen=True)
class PhotoPage:
    """One photo's answer, whatever its state."""

    identification: Identification
    faces: tuple[FacePage, ...]

    @property
    def always_named(self) -> bool:
        """Whether everybody had to be one of the people whom a network has learned."""
        return any(face.always_named for face in self.faces)

    @property
    def badge(self) -> int:
        """Radius of a face's number on the photo, in the photo's own pixels."""
        return badge_radius(self.identification.width, self.identification.height)

    @property
    def seconds(self) -> float | None:
        """From the upload to the answer."""
        finished = self.identification.finished_at
        if finished is None:
            return None
        return (finished - self.identification.created_at).total_seconds()


def of(identification: Identification, others: Others) -> PhotoPage:
    """The answer, with so much of the people whom it does not name; `identification` comes from
    `with_everything`."""
    return PhotoPage(identification, of_faces(identification.faces.all(), others))


def of_faces(faces: Iterable[ProbeFace], others: Others) -> tuple[FacePage, ...]:
    """The same for faces that come from `faces_with_everything`."""
    shown = {face: dict(_shown(face, others)) for face in faces}
    wanted = {pk for evidence in shown.values() for own in evidence.values() for pk in own}
    portraits = EnrolledFace.objects.in_bulk(wanted) if wanted else {}
    return tuple(
        FacePage(
            face,
            tuple(
                Likeness(candidate, tuple(_still_theirs(candidate, own, portraits)))
                for candidate, own in evidence.items()
            ),
            others,
        )
        for face, evidence in shown.items()
    )


def _still_theirs(
    candidate: Candidate, evidence: list[int], portraits: Mapping[int, EnrolledFace]
) -> Iterator[EnrolledFace]:
    """Without those that were removed since, or were found to be of somebody else."""
    there = (portraits[pk] for pk in evidence if pk in portraits)
    return (face for face in there if face.person_id == candidate.person_id)


def _shown(face: ProbeFace, others: Others) -> Iterator[tuple[Candidate, list[int]]]:
    """The candidates who are shown, each with the portraits that are."""
    for candidate in face.candidates.all():
        named = candidate.rank < face.names
        if named or others >= Others.NAMES:
            evidence = candidate.evidence[:PORTRAITS]
            yield candidate, evidence if named or others >= Others.PHOTOS else []
