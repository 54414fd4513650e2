"""A new network, asked about the photos of its split beside the one in service."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ml import artifact
from ml.calibration import Calibration
from ml.data.dataset import Ints
from ml.data.splits import FILE, Material, load_split
from ml.evaluation import (
    closed_set,
    fitting,
    gate,
    groups,
    held_out,
    own_classes,
    reliability,
    tries,
)
from ml.evaluation.closed_set import ClosedSet
from ml.evaluation.own_classes import OwnClasses
from ml.evaluation.samples import Embeddings, HeldOut
from ml.evaluation.verdicts import Verdict
from ml.inference.engine import Engine, OpenVINOEngine
from ml.threads import Progress
from ml.types import AnswersBy, Image

BATCH = 64


@dataclass(frozen=True, slots=True)
class Beside:
    """The versions that a new one is measured beside, by their folders: that in service, and the
    packaged one if that is another.

    `known` are people, by label, whom the one in service has learned as far as the caller knows;
    who has the same photos is found here.
    """

    active: Path
    packaged: Path | None = None
    known: Collection[str] = ()


class Measured:
    """A network asked about the photos of its split, beside the one in service.

    People held out whom the one in service has learned count for neither: it would look better than
    it is, and what it says of strangers would not hold.
    """

    def __init__(
        self,
        material: Material,
        engine: Engine,
        answers_by: AnswersBy,
        beside: Beside,
        progress: Progress,
    ) -> None:
        self._material, self._engine, self._beside = material, engine, beside
        self._answers_by = answers_by
        self._in_service = OpenVINOEngine.load(beside.active)
        self._progress, self._done = progress, 0

    @property
    def _total(self) -> int:
        """Photos to be looked at: those of the classes, and most of those that the classes are
        measured on once more; those of the others under both versions, and for that."""
        split = self._material.split
        classes = sum(len(getattr(split, part)) for part in closed_set.PARTS)
        again = min(len(split.validation), own_classes.ENOUGH) + len(split.test)
        versions = 4 if self._beside.packaged else 3
        return classes + again + versions * len(split.held_out_photos)

    @cached_property
    def closed_set(self) -> ClosedSet:
        """The answers about the people it was trained on, part by part, as in service."""
        split = self._material.split
        parts = {part: getattr(split, part) for part in closed_set.PARTS}
        photos = closed_set.Photos(split.labels, split.classes, parts, self._crops)
        return closed_set.measure(self._engine, self._answers_by, photos)

    @cached_property
    def own_classes(self) -> OwnClasses:
        """What it knows by its own classes, whatever it is going to answer by."""
        return own_classes.measure(
            lambda rows: map(self._engine.classify, self._crops(rows)), self._material.split
        )

    @cached_property
    def metrics(self) -> held_out.Metrics | None:
        """Verification and open set on the people held out; None if nobody is."""
        people, _ = self._unknown
        return held_out.metrics(people) if people.labels else None

    @cached_property
    def metrics_in_service(self) -> held_out.Metrics | None:
        """The same of the version in service, on the same photos."""
        _, people = self._unknown
        return held_out.metrics(people) if people.labels else None

    @cached_property
    def metrics_packaged(self) -> held_out.Metrics | None:
        """The same of the packaged version, if it is another."""
        after, _ = self._unknown
        if self._beside.packaged is None or not after.labels:
            return None
        engine = OpenVINOEngine.load(self._beside.packaged)
        return held_out.metrics(self._people(engine).without(self._known))

    @cached_property
    def measured_on(self) -> str | None:
        """Changes with the people whom neither network has learned, and with their photos: figures
        of two versions can be compared if it is the same. None if there is nobody."""
        after, _ = self._unknown
        labels, photos = set(after.labels), self._photos_held_out()
        digest = hashlib.sha256(
            "".join(sorted(sha for label, sha in photos if label in labels)).encode()
        )
        return digest.hexdigest() if labels else None

    @cached_property
    def verdict(self) -> Verdict:
        """What the gate says, on people whom neither network has learned."""
        judged = tries.before(self._beside.active.parent, self._judges())
        verdict = gate.judge(
            self._held_out, self._before, known_to_active=self._known, tries=1 + judged
        )
        return gate.by_hand(verdict) if self._answers_by == "classes" else verdict

    @cached_property
    def calibration(self) -> Calibration:
        """Fitted to the people held out, or with too few of them carried over from the active one.

        If nobody is held out at all, it is carried over on photos of the classes that the network
        has not learned from.
        """
        after, before = self._unknown
        if len(after.labels) >= fitting.PEOPLE_NEEDED:
            source = {"people": len(after.labels), "fitted_on": "people held out"}
            return fitting.fit(after.people, source)
        if len(after.labels) < 2:
            rows = np.concatenate([self._material.split.validation, self._material.split.test])
            owners = self._material.split.classes[rows]
            after, before = (
                HeldOut(self._material.split.labels, self._embeddings(engine, rows), owners)
                for engine in (self._engine, self._in_service)
            )
        source = {"people": len(after.labels)}
        return fitting.carried_over(self._calibration_in_service, before, after, source)

    @cached_property
    def reliability(self) -> reliability.Reliability | None:
        """How well calibrations made as this one keep their promises, on people they were not made
        from."""
        people, before = self._unknown
        if not people.labels:
            return None
        if len(people.labels) >= fitting.PEOPLE_NEEDED:
            return reliability.of_fitted(people)
        return reliability.of_carried_over(self._calibration_in_service, before, people)

    def by_group(self, file: Path | None) -> groups.ByGroup | None:
        """The metrics of the groups that a CSV file gives for the people held out."""
        people, _ = self._unknown
        if file is None or not people.labels:
            return None
        return groups.by_group(people, groups.read(file, self._material.labels))

    @cached_property
    def _held_out(self) -> HeldOut:
        return self._people(self._engine)

    @cached_property
    def _before(self) -> HeldOut:
        """The same photos under the version in service."""
        return self._people(self._in_service)

    @cached_property
    def _unknown(self) -> tuple[HeldOut, HeldOut]:
        """The people whom neither network has learned, under the new one and that in service."""
        return self._held_out.without(self._known), self._before.without(self._known)

    @cached_property
    def _calibration_in_service(self) -> Calibration:
        return Calibration.load(self._beside.active / artifact.CALIBRATION)

    def _people(self, engine: Engine) -> HeldOut:
        split = self._material.split
        embeddings = self._embeddings(engine, split.held_out_photos)
        return HeldOut(split.held_out, embeddings, split.held_out_owners)

    def _embeddings(self, engine: Engine, rows: Ints) -> Embeddings:
        return Embeddings.of(engine.embed, self._crops(rows))

    def _crops(self, rows: Ints) -> Iterator[Image]:
        for start in range(0, len(rows), BATCH):
            yield np.array(self._material.images[rows[start : start + BATCH]])
            self._done += len(rows[start : start + BATCH])
            self._progress(self._done, max(self._done, self._total))

    @cached_property
    def _known(self) -> set[str]:
        """People held out here whom the version in service has learned, by this or another way."""
        known = set(self._beside.known) & set(self._material.split.held_out)
        file = self._beside.active / FILE
        if not file.is_file():
            return known
        learned, pixels = load_split(file).learned, self._material.pixels
        return known | {
            label
            for label, sha in self._photos_held_out()
            if sha in learned or pixels[sha] in learned
        }

    def _photos_held_out(self) -> list[tuple[str, str]]:
        """Whose each is, and the SHA-256 of its file."""
        split, photos = self._material.split, self._material.dataset.photos
        return [
            (split.held_out[owner], photos[row].sha256)
            for row, owner in zip(split.held_out_photos, split.held_out_owners, strict=True)
        ]

    def _judges(self) -> list[tuple[str, str]]:
        """The photos that the gate goes by: the SHA-256 of their files and of their pixels."""
        pixels = self._material.pixels
        return [
            (sha, pixels[sha]) for label, sha in self._photos_held_out() if label not in self._known
        ]
