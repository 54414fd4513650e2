"""The enrolled faces under a model version: each gets a template, made from its stored crop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db.models import QuerySet

from facesite.sealing import SealBroken
from facesite.storage import kept
from ml import imaging
from ml.errors import PhotoRejected
from ml.types import CROP_SIZE, Image
from recognition.models import EnrolledFace, ModelVersion, Template
from recognition.services.gallery import memory
from recognition.services.refusals import Refused
from recognition.services.versions import predictors

BATCH: Final = 64
CROP_SHAPE: Final = (CROP_SIZE, CROP_SIZE, 3)

Progress = Callable[[int, int], None]
"""Called with the number of faces done and the number of all that had to be embedded."""


class CropsUnusable(Refused):
    """The gallery would not be whole under a version."""


@dataclass(frozen=True)
class Embedded:
    """How many faces got a template, and the ids of those whose stored crop is lost."""

    faces: int
    lost: frozenset[int]


def silent(_done: int, _total: int) -> None:
    pass


def missing(version: ModelVersion) -> QuerySet[EnrolledFace]:
    """Enrolled faces without a template of the version."""
    return EnrolledFace.objects.exclude(templates__model_version=version)


def embed_missing(version: ModelVersion, progress: Progress = silent) -> Embedded:
    """Give every enrolled face a template of the version. Done twice, or by two, it does no harm.

    Raises:
        ArtifactError: the version cannot be loaded.
        CropsUnusable: the folder of the crops is away or cannot be read.
    """
    total = missing(version).count()
    if not total:
        return Embedded(0, frozenset())
    recognizer = predictors.load(version).recognizer
    done, lost = 0, set[int]()
    for faces in _batches(version):
        crops = {face.pk: crop for face in faces if (crop := _crop(face)) is not None}
        lost |= {face.pk for face in faces} - crops.keys()
        if crops:
            stacked = np.stack(list(crops.values()))
            made = recognizer.templates(stacked, recognizer.embed(stacked))
            _store(version, list(crops), made)
        done += len(faces)
        progress(done, max(done, total))
    return Embedded(done - len(lost), frozenset(lost))


def _batches(version: ModelVersion) -> Iterator[list[EnrolledFace]]:
    last = 0
    while faces := list(missing(version).filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = faces[-1].pk
        yield faces


def _crop(face: EnrolledFace) -> Image | None:
    """None if it is lost: gone from a folder that is there, or no picture of a face any more."""
    try:
        with face.crop.open() as file:
            crop = imaging.decode(file.read())
    except PhotoRejected:
        return None
    except SealBroken as error:
        raise _unreadable(error) from error
    except OSError as error:
        folder = str(face.crop.name).partition("/")[0]
        if isinstance(error, FileNotFoundError) and kept().has(folder):
            return None
        raise _unreadable(error) from error
    return crop if crop.shape == CROP_SHAPE else None


def _unreadable(error: OSError) -> CropsUnusable:
    trouble = error.strerror or str(error)
    return CropsUnusable("crops_unreadable", trouble=trouble, folder=kept().place)


def _store(version: ModelVersion, faces: list[int], embeddings: Any) -> None:
    """Faces that were removed meanwhile must not come back with a template."""
    with memory.changing():
        there = set(EnrolledFace.objects.filter(pk__in=faces).values_list("pk", flat=True))
        Template.objects.bulk_create(
            (
                Template(
                    face_id=face,
                    model_version=version,
                    embedding=embedding.astype("<f4").tobytes(),
                )
                for face, embedding in zip(faces, embeddings, strict=True)
                if face in there
            ),
            ignore_conflicts=True,
        )
