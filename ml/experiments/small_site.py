"""A site in small: some people enrolled with few photos, others strangers, more photos reviewed.

Whatever is compared on it sees the same faces, looked for, assessed and embedded once.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np

from ml import artifact, imaging
from ml.alignment import align
from ml.calibration import CANDIDATES
from ml.data import dataset
from ml.detection import Detector
from ml.enrolment import MINIMUM_FOR_ENROLMENT
from ml.evaluation import fitting
from ml.evaluation.cache import FaceCache
from ml.evaluation.comparisons import Searches
from ml.evaluation.faces import find_faces
from ml.evaluation.resampling import Ints
from ml.evaluation.samples import Embeddings, rows_of
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.neighbourhood import Neighbourhood
from ml.templates import directions
from ml.types import Floats, Image

LOOKED_AT: Final = 30
"""Photos of a person, at the most."""
REVIEWED: Final = 8
"""Photos that a person was asked about, and that somebody has looked through."""
FURTHER: Final = 4
"""Those of them that are learned from or enrolled."""
PROBES: Final = 16
"""Photos of a person that nobody learns from and nobody enrols, at the most."""
STRANGERS: Final = 2 / 7
"""Of the people."""
OUTSIDE: Final = 1 / 7
"""People who are neither enrolled nor asked about: anchors are drawn as they lie."""
KEPT: Final = Path(tempfile.gettempdir()) / "facesite-experiments"


@dataclass(frozen=True, eq=False)
class Faces:
    """The face of each photo: `photos` (N) are the files, `owners` and `quality` (N,).

    `features` and `mirrored`, (N, D) float32 of length 1, are what the packaged network makes of
    the faces and of their mirror images.
    """

    photos: tuple[Path, ...]
    owners: Ints
    quality: Floats
    features: Floats
    mirrored: Floats

    @classmethod
    def read(cls, root: Path, version: Path, *, minimum: int = dataset.MINIMUM) -> Self:
        """Those of a folder per person, as the packaged version sees them: at most `LOOKED_AT` of
        everybody who has `minimum` or more. What was seen is kept in a folder for temporary files.

        Raises:
            DataError: see `ml.data.dataset.read`.
            ArtifactError: see `ml.artifact.check`.
        """
        data, rng = dataset.read([root], minimum=minimum), np.random.default_rng(0)
        rows = np.concatenate([rng.permutation(own)[:LOOKED_AT] for own in rows_of(data.owners)])
        paths = [data.photos[row].path for row in rows]
        digest = artifact.read_manifest(version).digest
        with FaceCache.open(KEPT, digest, "openvino") as cache:
            found = find_faces(paths, Recognizer.load(version), cache, _silent)
        there = [(row, face) for row, face in zip(rows, found.values(), strict=True) if face]
        features, templates = (
            np.stack([getattr(face, name) for _, face in there])
            for name in ("embedding", "template")
        )
        return cls(
            photos=tuple(data.photos[row].path for row, _ in there),
            owners=data.owners[[row for row, _ in there]],
            quality=np.array([face.quality for _, face in there], np.float32),
            features=features,
            mirrored=_mirrored(features, templates),
        )

    def mapped(self, matrix: Floats | None = None) -> Embeddings:
        """As they are embedded and enrolled with a linear map, (D, D), behind the packaged network,
        or without one."""
        if matrix is None:
            matrix = np.eye(self.features.shape[1], dtype=np.float32)
        probes, others = directions(self.features @ matrix), directions(self.mirrored @ matrix)
        return Embeddings(probes, directions(probes + others))

    def crops(self, rows: Ints) -> Image:
        """The aligned faces of some photos, (M, 112, 112, 3) uint8 RGB."""
        return np.stack([self._crops[self.photos[row]] for row in rows.tolist()])

    @cached_property
    def _crops(self) -> dict[Path, Image]:
        return dict(zip(self.photos, map(_Aligned(), self.photos), strict=True))


class _Aligned:
    """The largest face of a photo on disk, aligned."""

    def __init__(self) -> None:
        self._detector = Detector.load()

    def __call__(self, path: Path) -> Image:
        photo = imaging.decode(path.read_bytes())
        face = max(self._detector.detect(photo), key=lambda face: face.box.area)
        return align(photo, face.landmarks)


def _silent(_done: int, _total: int) -> None:
    pass


def _mirrored(features: Floats, templates: Floats) -> Floats:
    """Templates are the directions between faces and mirror images, which lie as far beyond."""
    along = np.einsum("nd,nd->n", features, templates)[:, None]
    return directions(2 * along * templates - features)


@dataclass(frozen=True, eq=False)
class Enrolled:
    """Somebody of the site, and the rows of their photos: enrolled, reviewed, to be asked about."""

    person: int
    enrolled: Ints
    reviewed: Ints
    probes: Ints


@dataclass(frozen=True, eq=False)
class Site:
    """Who is enrolled; the rows of strangers' photos; those of people outside, by person."""

    enrolled: tuple[Enrolled, ...]
    strangers: Ints
    outside: tuple[Ints, ...]

    @property
    def rows(self) -> Ints:
        """Every photo that this site has to do with."""
        own = [part for one in self.enrolled for part in (one.enrolled, one.reviewed, one.probes)]
        return np.unique(np.concatenate([*own, self.strangers, *self.outside]))

    def further(self, number: int) -> list[Ints]:
        """Of each person the first reviewed photos."""
        return [one.reviewed[:number] for one in self.enrolled]


def draw(faces: Faces, enrol: int, seed: int) -> Site:
    """A site with `enrol` photos of each person. Those and reviewed ones are good enough for it."""
    rng, rows = np.random.default_rng(seed), rows_of(faces.owners)
    people = rng.permutation(len(rows)).tolist()
    strangers, outside = (round(share * len(people)) for share in (STRANGERS, OUTSIDE))
    inside = people[strangers + outside :]
    return Site(
        enrolled=tuple(_enrolled(faces, one, rng.permutation(rows[one]), enrol) for one in inside),
        strangers=np.concatenate([rows[one] for one in people[:strangers]]),
        outside=tuple(rows[one] for one in people[strangers : strangers + outside]),
    )


def _enrolled(faces: Faces, person: int, rows: Ints, enrol: int) -> Enrolled:
    good = rows[faces.quality[rows] >= MINIMUM_FOR_ENROLMENT]
    taken = good[: enrol + REVIEWED]
    left = rows[~np.isin(rows, taken)]
    return Enrolled(person, taken[:enrol], taken[enrol:], left[:PROBES])


def opened(
    photos: Embeddings, faces: Faces, site: Site, further: list[Ints], *, by_quality: bool = True
) -> Neighbourhood:
    """The gallery of a site, with `further` photos of each person."""
    gallery = Gallery(photos.size)
    for one, more in zip(site.enrolled, further, strict=True):
        for row in (*one.enrolled.tolist(), *more.tolist()):
            quality = float(faces.quality[row]) if by_quality else 1.0
            gallery.add(row, one.person, photos.templates[row], quality)
    others = {str(number): photos[rows] for number, rows in enumerate(site.outside)}
    return Neighbourhood(gallery, fitting.anchors(others), math.inf)


def ask(here: Neighbourhood, probes: Floats) -> tuple[Ints, Floats]:
    """Who each of some photos is first of all, and the score that the product would decide by."""
    best = [here.scores(probe, CANDIDATES)[0] for probe in probes]
    return (
        np.array([one.person for one in best], np.int64),
        np.array([one.score for one in best], np.float32),
    )


def search(here: Neighbourhood, photos: Embeddings, faces: Faces, site: Site) -> Searches:
    """Ask who is on each unused photo of enrolled people, and on those of strangers."""
    probes = np.concatenate([one.probes for one in site.enrolled])
    found, best = ask(here, photos.probes[probes])
    _, stranger_best = ask(here, photos.probes[site.strangers])
    owners, strangers = faces.owners[probes], faces.owners[site.strangers]
    return Searches(best, found == owners, owners, stranger_best, strangers)


def named_before(photos: Embeddings, faces: Faces, site: Site, fpir: float) -> list[Ints]:
    """Of each person the first reviewed photos that the site had named right by itself, at the bar
    that a share `fpir` of strangers reach."""
    here = opened(photos, faces, site, site.further(0))
    bar = float(np.quantile(ask(here, photos.probes[site.strangers])[1], 1 - fpir))

    def right(rows: Ints) -> Ints:
        found, scores = ask(here, photos.probes[rows])
        named: Ints = rows[(found == faces.owners[rows]) & (scores > bar)]
        return named[:FURTHER]

    return [right(one.reviewed) for one in site.enrolled]
