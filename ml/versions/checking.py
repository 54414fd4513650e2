"""A network that is no version yet, asked about photos beside the version in service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml import artifact, imaging
from ml.calibration import Calibration
from ml.detection import Detector
from ml.errors import ImportRefused, PhotoRejected
from ml.evaluation import fitting, verification
from ml.evaluation.cache import FaceCache, FoundFace
from ml.evaluation.datasets import Pair
from ml.evaluation.faces import find_faces, main_face
from ml.evaluation.samples import Embeddings, HeldOut
from ml.evaluation.verification import Verification
from ml.inference.engine import OpenVINOEngine
from ml.inference.recognizer import Recognizer
from ml.language import number, tell
from ml.threads import Progress
from ml.types import Image

CROPS_COMPARED: Final = 16


@dataclass(frozen=True, slots=True)
class Evidence:
    """Photos of people: `pairs` that the network has to tell apart, and `people` that it is
    calibrated on. `source` says of both, as JSON, whose they are."""

    pairs: Sequence[Pair]
    people: Mapping[str, Sequence[Path]]
    source: Mapping[str, Any]

    @property
    def photos(self) -> list[Path]:
        """All of them, once each."""
        paired = [photo for pair in self.pairs for photo in (pair.first, pair.second)]
        return list(dict.fromkeys([*paired, *self._of_people]))

    @property
    def _of_people(self) -> list[Path]:
        return [photo for photos in self.people.values() for photo in photos]


@dataclass(frozen=True, slots=True)
class Places:
    """Where versions and found faces lie. `active` is the folder of the version in service, from
    which a calibration is carried over."""

    models: Path
    cache: Path
    active: Path


class Trial:
    """A network that is not a version yet, asked about photos beside the version in service."""

    def __init__(
        self,
        directory: Path,
        manifest: artifact.Manifest,
        evidence: Evidence,
        places: Places,
        progress: Progress,
    ) -> None:
        self._evidence, self._places, self._progress = evidence, places, progress
        self.engine = OpenVINOEngine.load(directory)
        self._in_service = Calibration.load(places.active / artifact.CALIBRATION)
        self._recognizer = Recognizer(manifest, self._in_service, Detector.load(), self.engine)
        self._digest = artifact.sha256((directory / artifact.SERVING_MODEL).with_suffix(".bin"))

    @cached_property
    def crops(self) -> Image:
        """Some faces of the photos, (N, 112, 112, 3) uint8 RGB."""
        photos = _readable(self._evidence.photos)
        seen = (main_face(self._recognizer.recognize(one).faces, one) for one in photos)
        found = list(islice((face.crop for face in seen if face), CROPS_COMPARED))
        if not found:
            raise ImportRefused(tell("There is no face in the photos that it is to be checked on."))
        return np.stack(found)

    @cached_property
    def told_apart(self) -> Verification:
        """How it tells the pairs apart."""
        pairs, faces = self._evidence.pairs, self._faces
        seen = [pair for pair in pairs if faces[pair.first] and faces[pair.second]]
        if 2 * len(seen) < len(pairs):
            raise ImportRefused(
                tell(
                    "Pairs of photos in which no face is found: %(number)s of %(total)s.",
                    number=number(len(pairs) - len(seen)),
                    total=number(len(pairs)),
                )
            )
        return verification.verify(pairs, faces)

    @cached_property
    def people(self) -> HeldOut:
        """The people to calibrate it on, as far as a face is seen on their photos."""
        return _people(self._evidence.people, self._faces)

    @cached_property
    def calibration(self) -> Calibration:
        """Fitted to the people, or with too few of them carried over from the one in service."""
        source = {**self._evidence.source, "people": len(self.people.labels)}
        if len(self.people.labels) >= fitting.PEOPLE_NEEDED:
            return fitting.fit(self.people.people, source)
        return fitting.carried_over(self._in_service, self._before, self.people, source)

    @cached_property
    def _before(self) -> HeldOut:
        active = Recognizer.load(self._places.active)
        photos = [photo for photos in self._evidence.people.values() for photo in photos]
        digest = artifact.read_manifest(self._places.active).digest
        return _people(self._evidence.people, self._look(photos, active, digest))

    @cached_property
    def _faces(self) -> dict[Path, FoundFace | None]:
        return self._look(self._evidence.photos, self._recognizer, self._digest)

    def _look(
        self, photos: Sequence[Path], recognizer: Recognizer, digest: str
    ) -> dict[Path, FoundFace | None]:
        with FaceCache.open(self._places.cache, digest, "openvino") as cache:
            return find_faces(photos, recognizer, cache, self._progress)


def _people(
    people: Mapping[str, Sequence[Path]], faces: Mapping[Path, FoundFace | None]
) -> HeldOut:
    found = {
        name: [face for one in people[name] if (face := faces[one])] for name in sorted(people)
    }
    found = {name: theirs for name, theirs in found.items() if theirs}
    if len(found) < 2:
        raise ImportRefused(
            tell("It takes two people or more with a face in a photo to calibrate it.")
        )
    both = [(face.embedding, face.template) for theirs in found.values() for face in theirs]
    probes, templates = (np.stack(column) for column in zip(*both, strict=True))
    owners = np.repeat(np.arange(len(found)), [len(theirs) for theirs in found.values()])
    return HeldOut(tuple(found), Embeddings(probes, templates), owners)


def _readable(photos: Sequence[Path]) -> Iterator[Image]:
    for photo in photos:
        with suppress(PhotoRejected):
            yield imaging.decode(photo.read_bytes())
