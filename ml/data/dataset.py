"""The photos that a network learns from: a folder per identity, read and checked once.

DigiFace-1M's layout, `<id>/<k>.png`, is such a folder, and each of its parts is a root. Loads
nothing heavy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml import imaging
from ml.errors import MLError, PhotoRejected
from ml.imaging import PHOTO_SUFFIXES
from ml.language import tell
from ml.leftovers import meant
from ml.names import tidy
from ml.threads import Progress, ahead

MINIMUM = 5
"""Photos that a class needs: some to learn from, one to validate with and one to test with."""

Ints = npt.NDArray[np.int64]


class DataError(MLError):
    """The data cannot be trained on; the message says in one sentence what to do about it.

    Codes: no_folder, no_photos, bad_name, photos_in_root, photo_of_two_people, too_few_people,
    unreadable_file.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Photo:
    """A file, and the hexadecimal SHA-256 of what is in it."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A person; `photos` are in order of their hash, so that file names mean nothing."""

    label: str
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not used: `reason` is a code, such as unreadable_image or no_face."""

    path: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """People in order of their label, with `minimum` photos or more each.

    `left_out` has those with fewer, and how many they have.
    """

    identities: tuple[Identity, ...]
    skipped: tuple[Skipped, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    minimum: int = MINIMUM

    @cached_property
    def photos(self) -> list[Photo]:
        """All photos, person after person: N of them."""
        return [photo for identity in self.identities for photo in identity.photos]

    @cached_property
    def owners(self) -> Ints:
        """The index in `identities` of the person on each photo, (N,)."""
        counts = [len(identity.photos) for identity in self.identities]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over labels and photo hashes: the same people with the same photos."""
        digest = hashlib.sha256()
        for identity in self.identities:
            digest.update(f"{len(identity.photos)} {identity.label}\n".encode())
            digest.update("".join(photo.sha256 for photo in identity.photos).encode())
        return digest.hexdigest()

    def without(self, unusable: Sequence[Skipped]) -> Dataset:
        """The same data without these files, and without people who have too few photos then.

        Raises:
            DataError: fewer than two people are left.
        """
        if not unusable:
            return self
        gone = {skipped.path for skipped in unusable}
        people = {
            identity.label: [photo for photo in identity.photos if str(photo.path) not in gone]
            for identity in self.identities
        }
        smaller = _dataset(people, (*self.skipped, *unusable), self.minimum)
        return replace(smaller, left_out=tuple(sorted((*self.left_out, *smaller.left_out))))


def read(
    roots: Sequence[Path],
    *,
    minimum: int = MINIMUM,
    progress: Progress = lambda _done, _total: None,
) -> Dataset:
    """Read folders that each hold a folder of photos per person.

    Folders of the same name, in Unicode's form NFC, are one person, also in two roots. Files that
    are no photos by their first bytes are skipped; whether the rest of them is whole shows when
    they are decoded.

    Raises:
        DataError: a root is missing, empty or has photos beside its folders, a name is not valid
            UTF-8, two people have the same photo, or fewer than two have `minimum` photos.
    """
    people: dict[str, list[Path]] = {}
    for root in roots:
        for folder in _folders(root):
            people.setdefault(_label(folder), []).extend(_photos(folder))
    if not any(people.values()):
        raise _no_photos(roots)
    return gather(people, minimum=minimum, progress=progress)


def glance(roots: Sequence[Path]) -> None:
    """See whether there is anything to read, in no time.

    Raises:
        DataError: a root is missing, or there are no photos.
    """
    folders = [folder for root in roots for folder in _folders(root)]
    if not any(True for folder in folders for _photo in _photos(folder)):
        raise _no_photos(roots)


def gather(
    people: Mapping[str, Sequence[Path]],
    *,
    minimum: int = MINIMUM,
    progress: Progress = lambda _done, _total: None,
) -> Dataset:
    """Hash and check photos of people who are known from elsewhere, by label.

    A photo that somebody has twice counts once.

    Raises:
        DataError: two people have the same photo, or fewer than two have `minimum` photos.
    """
    files = [(label, path) for label in sorted(people) for path in people[label]]
    looked_at = ahead(_look, [path for _, path in files])
    owners: dict[str, tuple[str, Path]] = {}
    skipped: list[Skipped] = []
    found: dict[str, list[Photo]] = {label: [] for label in sorted(people)}
    for done, ((label, path), photo) in enumerate(zip(files, looked_at, strict=True), start=1):
        if isinstance(photo, Skipped):
            skipped.append(photo)
        elif photo.sha256 not in owners:
            owners[photo.sha256] = label, path
            found[label].append(photo)
        elif owners[photo.sha256][0] != label:
            raise _same_photo((label, path), owners[photo.sha256])
        progress(done, len(files))
    return _dataset(found, skipped, minimum)


def _folders(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        raise DataError(
            "no_folder", tell("There is no folder %(folder)s; check --data.", folder=root)
        )
    for path in _visible(root):
        if path.is_dir():
            yield path
        elif path.suffix.lower() in PHOTO_SUFFIXES:
            raise DataError(
                "photos_in_root",
                tell(
                    "%(path)s lies in no person's folder; move it into a folder named after the "
                    "person.",
                    path=path,
                ),
            )


def _photos(folder: Path) -> Iterator[Path]:
    return (path for path in _visible(folder) if path.suffix.lower() in PHOTO_SUFFIXES)


def _visible(folder: Path) -> list[Path]:
    try:
        return meant(folder)
    except OSError as error:
        raise DataError(
            "unreadable_file",
            tell(
                "%(folder)s cannot be read: %(reason)s; check its permissions.",
                folder=folder,
                reason=error.strerror,
            ),
        ) from error


def _label(folder: Path) -> str:
    """The name as `recognition.models.Person` has it."""
    name = tidy(folder.name)
    try:
        name.encode()  # a name in no known encoding comes from the file system as surrogates
    except UnicodeEncodeError:
        name = ""
    if not name:
        raise DataError(
            "bad_name",
            tell("%(folder)s is not a name in UTF-8; rename the folder.", folder=repr(str(folder))),
        )
    return name


def _look(path: Path) -> Photo | Skipped:
    try:
        data = path.read_bytes()
        imaging.inspect(data)
    except PhotoRejected as error:
        return Skipped(str(path), error.code)
    except OSError:
        return Skipped(str(path), "unreadable_file")
    return Photo(path, hashlib.sha256(data).hexdigest())


def _dataset(
    people: Mapping[str, Sequence[Photo]], skipped: Sequence[Skipped], minimum: int
) -> Dataset:
    identities = [
        Identity(label, tuple(sorted(people[label], key=attrgetter("sha256"))))
        for label in sorted(people)
    ]
    kept = tuple(identity for identity in identities if len(identity.photos) >= minimum)
    if len(kept) < 2:
        raise _too_few(len(identities), len(kept), minimum)
    left_out = tuple((i.label, len(i.photos)) for i in identities if len(i.photos) < minimum)
    return Dataset(kept, tuple(skipped), left_out, minimum)


def _no_photos(roots: Sequence[Path]) -> DataError:
    return DataError(
        "no_photos",
        tell(
            "There are no photos in %(folders)s; it takes a folder per person with photos in it.",
            folders=_named(roots),
        ),
    )


def _too_few(people: int, kept: int, minimum: int) -> DataError:
    return DataError(
        "too_few_people",
        tell(
            "%(kept)d of %(people)d people in the data have %(minimum)d usable photos or more; "
            "training takes two who do, so add some.",
            people=people,
            kept=kept,
            minimum=minimum,
        ),
    )


def _same_photo(one: tuple[str, Path], other: tuple[str, Path]) -> DataError:
    (label, path), (other_label, other_path) = other, one
    return DataError(
        "photo_of_two_people",
        tell(
            "%(one)s and %(other)s have the same photo, %(path)s and %(other_path)s; remove it "
            "from the one whom it does not show.",
            one=label,
            other=other_label,
            path=path,
            other_path=other_path,
        ),
    )


def _named(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)
