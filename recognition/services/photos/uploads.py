"""Photos as they come in, from a form or from disk: never more bytes than a photo may have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from django.core.files.uploadedfile import UploadedFile

from ml import imaging, names
from ml.errors import ImageTooLarge, PhotoRejected
from recognition.models.work import PhotoWork
from recognition.services.photos.files import Write

Row = TypeVar("Row", bound=PhotoWork)


@dataclass(frozen=True)
class Refused:
    """An uploaded file that is not stored; `recognition.messages` has the sentence."""

    filename: str
    code: str
    params: dict[str, Any]


class UnreadableFile(PhotoRejected):
    """There is no such file, or it may not be read."""

    code = "unreadable_file"


def store(
    uploads: Sequence[UploadedFile[bytes]], new_row: Callable[[str], Row], write: Write
) -> tuple[list[Row], list[Refused]]:
    """Part the photos from what is none, or is too large, by size and header alone, and write each
    as the original of a new row of that file name.

    One after another: twenty photos at once would be 600 MB in the web process.
    """
    rows, refused = [], []
    for upload in uploads:
        filename = called(upload)
        try:
            data = read_photo(upload)
        except PhotoRejected as error:
            refused.append(Refused(filename, error.code, details(error)))
        else:
            rows.append(new_row(filename))
            write(rows[-1].original, data)
    return rows, refused


def called(upload: UploadedFile[bytes]) -> str:
    """Its name without the marks that turn around what is shown after it."""
    return names.straight(upload.name or "")[:255]


def details(error: PhotoRejected) -> dict[str, Any]:
    """The numbers of a refusal, for its sentence."""
    if isinstance(error, ImageTooLarge):
        return {"limit": error.limit, "actual": error.actual, "unit": error.unit}
    return {}


def read_photo(upload: UploadedFile[bytes]) -> bytes:
    """The bytes of an upload that is a photo by its header. Raises `PhotoRejected`."""
    check_size(upload.size or 0)
    upload.seek(0)
    data: bytes = upload.read(imaging.MAX_BYTES + 1)  # the stated size may not be the true one
    imaging.inspect(data)
    return data


def read_file(path: Path) -> bytes:
    """The bytes of a file on disk. Raises `PhotoRejected`."""
    if not path.is_file():  # a named pipe would keep us waiting for ever
        raise UnreadableFile(f"{path} is not a file")
    try:
        return read_at_most(path.stat().st_size, lambda: path.open("rb"))
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error}") from error


def read_at_most(size: int, opening: Callable[[], IO[bytes]]) -> bytes:
    """The bytes of a file of that stated size, no more than a photo may have.

    Raises `ImageTooLarge`.
    """
    check_size(size)
    with opening() as file:
        return file.read(imaging.MAX_BYTES + 1)


def check_size(size: int) -> None:
    """Raises `ImageTooLarge` where that is more than a photo may have."""
    if size > imaging.MAX_BYTES:
        raise ImageTooLarge(limit=imaging.MAX_BYTES, actual=size, unit="bytes")
