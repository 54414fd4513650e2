"""What can go wrong in `ml`, each with a stable `code` that the site turns into a sentence."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Of an `OSError`: the disk, a quota or the largest file that is allowed is used up."""
FORBIDDEN: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
)
"""Of an `OSError`: this process may not write there, or something else lies there."""


class MLError(Exception):
    """Base of every error that `ml` raises on purpose."""

    code = "error"


class Unwritable(MLError):
    """A folder cannot be written to; the message says in one sentence what to do about it.

    `code` is "disk_full" or "unwritable".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DecoderKilled(MLError):
    """The process that decoded a photo was killed, as for want of memory on the machine."""

    code = "decoder_killed"


class PhotoRejected(MLError):
    """The photo cannot be used; trying again with the same bytes will not help."""

    code = "photo_rejected"


class UnreadableImage(PhotoRejected):
    """The bytes are not a photo in a format we read."""

    code = "unreadable_image"


class EmptyFile(UnreadableImage):
    """There is no byte to read."""

    code = "empty_file"


class DamagedImage(PhotoRejected):
    """A photo by its first bytes, but damaged, or cut short on its way."""

    code = "damaged_image"


class CutShort(DamagedImage):
    """The file ends within the header of the photo, or before half of its picture."""

    code = "cut_short"


class ImageTooLarge(PhotoRejected):
    """The photo is over a limit.

    `limit` and `actual` are in `unit`: "bytes"; "pixels" in all; or "side", pixels of the longer
    side.
    """

    code = "image_too_large"

    def __init__(self, *, limit: int, actual: int, unit: str) -> None:
        super().__init__(f"{actual:,} {unit}, the limit is {limit:,}")
        self.limit = limit
        self.actual = actual
        self.unit = unit


class ImageTooCostly(PhotoRejected):
    """Decoding the photo takes more time or memory than any ordinary photo of its size."""

    code = "image_too_costly"


class ArtifactError(MLError):
    """A network on disk cannot be used. `path` is the file or folder at fault."""

    code = "artifact_error"

    def __init__(self, message: str, path: object) -> None:
        super().__init__(message)
        self.path = str(path)


class ArtifactMissing(ArtifactError):
    """The model version, or a file of it, is not there."""

    code = "model_missing"


class ArtifactDamaged(ArtifactError):
    """A file of the model version does not have the hash that its manifest names."""

    code = "model_damaged"


class ArtifactTooNew(ArtifactError):
    """The model version was written by a newer facesite."""

    code = "model_too_new"


class ArtifactTooOld(ArtifactError):
    """The model version was written by an earlier facesite, whose decision took other numbers."""

    code = "model_too_old"


class KerasFormMissing(ArtifactError):
    """The model version was imported and has no form that Keras could run."""

    code = "model_without_keras"

    def __init__(self, version_dir: Path) -> None:
        super().__init__(
            f"{version_dir.name} was imported and has no form for Keras; it answers with "
            "FACESITE_ENGINE=openvino.",
            version_dir,
        )


class ImportRefused(MLError):
    """A network that was trained elsewhere cannot become a model version; the message says in one
    sentence why."""

    code = "import_refused"


class WeightsMissing(ArtifactError):
    """A packaged network is not installed, or is not the one that this release was made for.

    `path` is its file, or only its name where there is none.
    """

    code = "weights_missing"


class ExportDisagrees(MLError):
    """The serving form of a network does not compute what the Keras model computes."""

    code = "export_disagrees"
