"""Every photo of a dataset as the crop that a network will be served, made once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import cv2
import numpy as np

from ml import imaging, provenance
from ml.alignment import align
from ml.data.dataset import DataError, Dataset, Identity, Photo, Skipped
from ml.detection import Detector
from ml.errors import PhotoRejected
from ml.files import alone_in, require_room, writing
from ml.language import tell
from ml.threads import Progress, ahead
from ml.types import CROP_SIZE, Image

Mode = Literal["aligned", "as-is"]
"""aligned: the largest face of a photo, found and aligned as in serving. as-is: the whole photo is
the crop; one of another size than 112×112 is stretched to it."""

SETS_KEPT = 4
"""Sets of crops that stay in a folder, of the data sets that were used last."""
SHAPE = (CROP_SIZE, CROP_SIZE, 3)
CROP_BYTES = CROP_SIZE * CROP_SIZE * 3

FOUND = b"."
_REASONS = {
    b"n": "no_face",
    b"u": "unreadable_image",
    b"e": "empty_file",
    b"d": "damaged_image",
    b"s": "cut_short",
    b"l": "image_too_large",
    b"c": "image_too_costly",
}
_OUTCOMES = {reason: outcome for outcome, reason in _REASONS.items()}


@dataclass(frozen=True)
class Crops:
    """What there is to learn from: `dataset` is the one asked for without its unusable photos.

    `images` are the crops of `dataset.photos` in that order, uint8 RGB (N, 112, 112, 3), mapped
    from a file: only the rows that are looked at come into memory. `key` changes with whatever
    could change a crop.
    """

    dataset: Dataset
    images: Image
    key: str


def prepare(
    dataset: Dataset,
    folder: Path,
    *,
    mode: Mode = "aligned",
    progress: Progress = lambda _done, _total: None,
) -> Crops:
    """Make the crops of a dataset, or find them in `folder`, where they are kept by content.

    Photos without a face and damaged ones are dropped, and then people with too few photos. A call
    that was killed is gone on with, person by person. Two calls for one folder wait for each other.
    The last `SETS_KEPT` sets stay.

    Raises:
        DataError: too few people are left, or a photo has gone since it was read.
        Unwritable: `folder` cannot be written to, or the disk is full.
        WeightsMissing: see `ml.weights.weights_path`.
    """
    place = folder / _key(dataset, mode)
    with writing(folder, tell("start again: what is done is kept")), alone_in(folder):
        if not place.is_dir():
            _make(dataset, place, mode, progress)
        _forget_old(folder, place)
        outcomes = (place / "outcomes").read_bytes()
    progress(len(dataset.photos), len(dataset.photos))
    left = dataset.without(_unusable(dataset.photos, outcomes))
    shape = (len(left.photos), *SHAPE)
    return Crops(left, np.memmap(place / "images", np.uint8, "r", shape=shape), place.name)


def _make(dataset: Dataset, place: Path, mode: Mode, progress: Progress) -> None:
    part = place.with_suffix(".part")
    part.mkdir(exist_ok=True)
    with (part / "images").open("ab") as images, (part / "outcomes").open("ab") as outcomes:
        people = _left_to_do(dataset, images, outcomes)
        photos = [photo for person in people for photo in person.photos]
        require_room(place.parent, len(photos) * CROP_BYTES)
        with closing(_looked_at(photos, mode, len(dataset.photos), progress)) as looked_at:
            for person in people:
                seen = list(islice(looked_at, len(person.photos)))
                crops = [crop for crop, _ in seen if crop is not None]
                _append(images, crops if len(crops) >= dataset.minimum else ())
                _append(outcomes, [outcome for _, outcome in seen])
    part.rename(place)


def _forget_old(folder: Path, place: Path) -> None:
    """Remove all sets but the last: each photo more makes a new one, of gigabytes perhaps."""
    os.utime(place)
    sets = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in sets[SETS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _left_to_do(dataset: Dataset, images: IO[bytes], outcomes: IO[bytes]) -> tuple[Identity, ...]:
    """The people whom a call that was killed did not get to. The files are cut off where they
    begin."""
    written = Path(outcomes.name).read_bytes()
    people = rows = start = 0
    for person in dataset.identities:
        end = start + len(person.photos)
        if end > len(written):
            break
        found = written.count(FOUND, start, end)
        rows += found if found >= dataset.minimum else 0
        people, start = people + 1, end
    images.truncate(rows * CROP_BYTES)
    outcomes.truncate(start)
    return dataset.identities[people:]


def _append(file: IO[bytes], pieces: Sequence[bytes]) -> None:
    """On the disk when this returns: a person's crops are there before their outcomes are."""
    file.writelines(pieces)
    file.flush()
    os.fsync(file.fileno())


Seen = tuple[bytes | None, bytes]
"""The pixels of a photo's crop, if there is one, and a byte that says what was found."""


def _looked_at(
    photos: Sequence[Photo], mode: Mode, total: int, progress: Progress
) -> Generator[Seen, None, None]:
    crop = _scaled if mode == "as-is" else _LargestFace(Detector.load())

    def look(photo: Photo) -> Seen:
        try:
            found = crop(imaging.decode(_read(photo.path)))
        except PhotoRejected as error:
            return None, _OUTCOMES[error.code]
        return (None, _OUTCOMES["no_face"]) if found is None else (found.tobytes(), FOUND)

    for done, seen in enumerate(ahead(look, photos), start=total - len(photos) + 1):
        progress(done, total)
        yield seen


class _LargestFace:
    """Called by several threads, of which one at a time has the detector."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()

    def __call__(self, photo: Image) -> Image | None:
        with self._lock:
            faces = self._detector.detect(photo)
        face = max(faces, key=lambda face: face.box.area, default=None)
        return None if face is None else align(photo, face.landmarks)


def _scaled(photo: Image) -> Image:
    if photo.shape == SHAPE:
        return photo
    method = cv2.INTER_AREA if min(photo.shape[:2]) > CROP_SIZE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, (CROP_SIZE, CROP_SIZE), interpolation=method), np.uint8)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            "unreadable_file",
            tell(
                "%(path)s could be read a moment ago and cannot be now (%(reason)s); start again.",
                path=path,
                reason=error.strerror,
            ),
        ) from error


def _unusable(photos: Sequence[Photo], outcomes: bytes) -> list[Skipped]:
    return [
        Skipped(str(photo.path), _REASONS[bytes([outcome])])
        for photo, outcome in zip(photos, outcomes, strict=True)
        if outcome != FOUND[0]
    ]


def _key(dataset: Dataset, mode: Mode) -> str:
    """Changes with whatever could change a crop: the photos, the code that makes it, libraries."""
    digest = hashlib.sha256(f"{mode} {dataset.minimum}".encode())
    for identity in dataset.identities:
        digest.update(f"\n{len(identity.photos)} ".encode())
        digest.update("".join(photo.sha256 for photo in identity.photos).encode())
    digest.update(provenance.digest_of(__name__).encode())
    return digest.hexdigest()[:32]
