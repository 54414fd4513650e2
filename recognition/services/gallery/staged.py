"""Files sent to be enrolled, kept until somebody has seen what would come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Sum

from facesite import space
from ml.errors import ImageTooLarge, PhotoRejected
from ml.leftovers import is_left_behind
from recognition.models import Import, ImportFile, User
from recognition.services.gallery import archives, bulk
from recognition.services.gallery.folders import Note, Place, Plan
from recognition.services.gallery.trees import Folder, unwrapped
from recognition.services.photos import uploads
from recognition.services.photos.files import Write, new_files
from recognition.services.refusals import Refused

MOST_FILES: Final = 10_000
MOST_BYTES: Final = 5 * 2**30
"""Of all that one operator has sent and that is still there."""
LONGEST_PATH: Final = 500
LOOKED_AT: Final = 3
"""Parts of a path: a folder around all, a person, a photo. Of what lies deeper only the name is
kept, so that it can be named."""

Sent = tuple[str, Callable[[], bytes]]
"""The path of a file, and how to read it; that may raise `PhotoRejected`."""


class TooMuch(Refused):
    """More than one operator may have lying here; codes: import_too_large."""


@dataclass(frozen=True)
class Staged:
    """A file that was sent, as one of a folder."""

    row: ImportFile
    shown: str
    name: str

    def __str__(self) -> str:
        return self.row.path

    def is_folder(self) -> bool:
        return False

    def entries(self) -> Iterator[Place]:
        return iter(())

    def read(self) -> bytes:
        row = self.row
        if not row.file:
            uploads.check_size(row.size)
            raise uploads.UnreadableFile(f"{self} was not kept")
        try:
            return uploads.read_at_most(row.size, row.file.open)
        except FileNotFoundError as error:
            raise uploads.UnreadableFile(f"{self} is gone") from error


def add_archive(batch: Import, file: IO[bytes]) -> None:
    """Take the files out of a ZIP archive, one by one: all of them, or none.

    Raises:
        ArchiveUnusable: see there.
        TooMuch, DiskFull: there is no room for it.
    """
    with archives.opened(file, "") as root:
        _add(batch, ((str(place), place.read) for place in root.files()))


def add_files(batch: Import, paths: Sequence[str], files: Sequence[UploadedFile[bytes]]) -> None:
    """Take some files of a folder; what came before is passed over. Raises as `add_archive`."""
    sent = zip(paths, files, strict=True)
    _add(batch, ((path, partial(_read, file)) for path, file in sent))


def _read(file: UploadedFile[bytes]) -> bytes:
    return uploads.read_at_most(file.size or 0, lambda: _rewound(file))


def _rewound(file: UploadedFile[bytes]) -> IO[bytes]:
    file.seek(0)
    return file


def _add(batch: Import, sent: Iterable[Sent]) -> None:
    with new_files() as write:
        ImportFile.objects.bulk_create(list(_rows(batch, sent, write)))


def _rows(batch: Import, sent: Iterable[Sent], write: Write) -> Iterator[ImportFile]:
    left, known = _Left(batch.requested_by), set(batch.files.values_list("path", flat=True))
    for path, read in sent:
        if _is_meant(path) and path not in known:
            known.add(path)
            yield _row(batch, path, read, write, left)


class _Left:
    """What an operator may still send."""

    def __init__(self, user: User) -> None:
        there = ImportFile.objects.filter(batch__requested_by=user)
        sums = there.aggregate(files=Count("pk"), size=Sum("size"))
        self._files, self._bytes = MOST_FILES - sums["files"], MOST_BYTES - (sums["size"] or 0)

    def take(self, size: int) -> None:
        self._files, self._bytes = self._files - 1, self._bytes - size
        if self._files < 0 or self._bytes < 0:
            raise TooMuch("import_too_large", files=MOST_FILES, bytes=MOST_BYTES)
        if not space.is_there(size):
            raise space.DiskFull


def _is_meant(path: str) -> bool:
    """Whether somebody put the file there: nobody gives one a name of hundreds of letters, or one
    with a letter that no database takes."""
    parts = path.split("/")
    return len(path) <= LONGEST_PATH and "\0" not in path and not any(map(is_left_behind, parts))


def _row(
    batch: Import, path: str, read: Callable[[], bytes], write: Write, left: _Left
) -> ImportFile:
    row = ImportFile(batch=batch, path=path)
    try:
        data = read() if path.count("/") < LOOKED_AT else b""
    except ImageTooLarge as error:
        row.size = error.actual  # and what is wrong with it is said when it is looked at
        left.take(0)
    except PhotoRejected:
        left.take(0)
    else:
        row.size = len(data)
        left.take(row.size)
        write(row.file, data)
    return row


def planned(batch: Import) -> Plan:
    """What there is to enrol, by the rules of any folder."""
    root = Folder("", "")
    for row in batch.files.order_by("path"):
        root.add(row.path, partial(Staged, row))
    return bulk.planned(unwrapped(root))


def described(note: Note) -> dict[str, Any]:
    """A note on a folder or a table, to be kept in a row."""
    return {"path": note.path, "code": note.code, "params": note.params}
