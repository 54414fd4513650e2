"""Many faces to review: demo photos that the site has answered, and copies of them which are made
straight in the database."""

from __future__ import annotations

from copy import copy
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from recognition.models import Candidate, Identification, ProbeFace, User
from recognition.services.identification import answering

DEMO = Path(__file__).resolve().parents[1] / "demo" / "photos"
BATCH = 500


def ask(user: User) -> None:
    """Have every demo photo answered in this process."""
    for path in sorted(DEMO.rglob("*.jpg")):
        upload = SimpleUploadedFile(path.name, path.read_bytes())
        answering.process(answering.submit(user, [upload]).accepted[0].pk)


def multiply(count: int) -> None:
    """Store so many more faces that nobody has judged, each in a photo of its own, of all the
    probabilities that there are. Their pictures are those of the first."""
    known = list(ProbeFace.objects.select_related("identification").prefetch_related("candidates"))
    for start in range(0, count, BATCH):
        wanted = range(start, min(count, start + BATCH))
        _store(list(islice(cycle(known), len(wanted))), wanted)


def _store(models: list[ProbeFace], numbers: range) -> None:
    faces = [_face(model, number) for model, number in zip(models, numbers, strict=True)]
    Identification.objects.bulk_create(face.identification for face in faces)
    ProbeFace.objects.bulk_create(faces)
    Candidate.objects.bulk_create(
        _candidate(candidate, face)
        for model, face in zip(models, faces, strict=True)
        for candidate in model.candidates.all()
    )


def _face(model: ProbeFace, number: int) -> ProbeFace:
    photo, face = copy(model.identification), copy(model)
    photo.pk, photo.batch, face.pk = uuid4(), uuid4(), None
    photo.filename = f"{number}-{photo.filename}"
    face.identification, face.index, face.review = photo, 0, ""
    face.probability = number % 997 / 997
    return face


def _candidate(model: Candidate, face: ProbeFace) -> Candidate:
    one = copy(model)
    one.pk, one.face = None, face
    one.probability = face.probability if one.rank == 0 else 0.01
    return one
