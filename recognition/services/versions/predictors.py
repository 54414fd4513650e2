"""The only door to `ml.inference`: one recogniser per process, for the active model version."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings

from ml import classes
from ml.calibration import Policy, identify
from ml.classes import Classes
from ml.gallery import Gallery
from ml.templates import ask_twice
from ml.together import one_face_each
from ml.types import EmbeddedFace, Floats, Identification
from recognition.models import ModelVersion
from recognition.services.versions import registry

if TYPE_CHECKING:
    from ml.inference.recognizer import Recognizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Predictor:
    """A version with its network. `learned` says by class who of the gallery it has learned."""

    version: ModelVersion
    recognizer: Recognizer
    learned: Mapping[int, int] = field(default_factory=dict)

    def identify_all(
        self, faces: Sequence[EmbeddedFace], gallery: Gallery, without: Sequence[Set[int]] = ()
    ) -> Sequence[Identification]:
        """Who the faces of one photo are; `without` says of each who it is not. By gallery nobody
        is in it twice; classes are asked about each face alone, as in the paper."""
        known = without or [frozenset[int]()] * len(faces)
        asked = zip(faces, known, strict=True)
        answers = [self.identify(face, gallery, out) for face, out in asked]
        return one_face_each(answers) if self._by_classes is None else answers

    def identify(
        self, face: EmbeddedFace, gallery: Gallery, without: Set[int] = frozenset()
    ) -> Identification:
        """Who a face is, by what the version answers by and as this site is set to decide."""
        if self._by_classes is None:
            quality = face.quality.score
            ask = partial(self.compare, gallery=gallery, quality=quality, without=without)
            return ask_twice(ask, face.embedding, partial(self.recognizer.template, face))
        fpir = settings.TARGET_FPIR if self.version.open_set else None
        others = {one: person for one, person in self.learned.items() if person not in without}
        return classes.identify(face, gallery, others, self._by_classes, fpir)

    def compare(
        self,
        embedding: Floats,
        gallery: Gallery,
        *,
        quality: float = 1.0,
        without: Set[int] = frozenset(),
    ) -> Identification:
        """Who is enrolled of whom a face is, whatever the version answers by."""
        policy = Policy(settings.TARGET_FPIR, settings.STRANGERS, without)
        return identify(embedding, gallery, self.recognizer.calibration, policy, quality=quality)

    def choices(self, gallery: Gallery) -> int:
        """How many people of the gallery an answer may name."""
        if self._by_classes is None:
            return gallery.people
        return len({person for person in self.learned.values() if person in gallery})

    @property
    def _by_classes(self) -> Classes | None:
        return None if by_gallery(self.version) else self.recognizer.classes


def by_gallery(version: ModelVersion) -> bool:
    return version.answers_by == ModelVersion.AnswersBy.GALLERY


_lock = threading.Lock()
_loaded: Predictor | None = None


def active() -> Predictor:
    """The recogniser of the active model version, loaded at first use and after a promotion. Who
    its classes are is read each time: people are merged, and that is undone.

    Raises:
        ArtifactError: no version is active, or its files are missing or damaged.
        WeightsMissing: the packaged detector is missing.
    """
    global _loaded  # noqa: PLW0603  (one a process is the point)
    version = registry.require_active()
    with _lock:
        if _loaded is None or _loaded.version.digest != version.digest:
            _loaded = None  # first let go of the old network: two at once need twice the memory
            _loaded = load(version)
        elif (_loaded.version, _loaded.version.activated_at) != (version, version.activated_at):
            # It was away and has come back, maybe as another row.
            _loaded = Predictor(version, _loaded.recognizer, _learned(version))
        return _loaded if by_gallery(version) else replace(_loaded, learned=_learned(version))


def load(version: ModelVersion) -> Predictor:
    """The recogniser of any version, for the caller alone. Raises as `active` does."""
    registry.verify(version)
    from ml.inference.recognizer import Recognizer  # noqa: PLC0415  (imports OpenVINO)

    recognizer = Recognizer.load(registry.folder(version), engine=settings.ENGINE)
    log.info("Process %d has loaded %s for %s.", os.getpid(), version.name, settings.ENGINE)
    return Predictor(version, recognizer, _learned(version))


def _learned(version: ModelVersion) -> dict[int, int]:
    """Nobody who was erased. Who is erased from now on leaves the gallery, and with it every
    answer."""
    known = version.trained_people.filter(erased_at=None).values_list("number", "person_id")
    return {number: person for number, person in known if number is not None}
