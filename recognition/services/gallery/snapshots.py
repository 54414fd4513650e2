"""The gallery in files, which all processes of a machine map into their memory: one copy for all,
and a start that reads no row.

A snapshot is whole or not there. It is of one revision; whoever takes it follows the changes since.
Nothing is kept that a site wants encrypted, and only the version in service is kept: others get
templates without a change of the gallery. Backups leave snapshots out.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from django.conf import settings

from ml import prototypes, rows
from ml.files import alone_in, require_room
from ml.nearest import Ints
from ml.rows import Rows
from recognition.models import ModelVersion

log = logging.getLogger(__name__)

_TERMS: Final = "terms.npy"
_UNFINISHED: Final = ".new-"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The gallery as of a revision, and when whose consent ends, see `terms`."""

    revision: int
    rows: Rows
    terms: Ints


def key(version: ModelVersion) -> str:
    """Another version in service, another database, another rule of whom it has, or of what stands
    for whom: another gallery."""
    told = (version.pk, version.digest, version.activated_at, settings.REQUIRE_CONSENT)
    return sha256(repr(told).encode() + _rule()).hexdigest()[:16]


@cache
def _rule() -> bytes:
    """The code that says what stands for whom; read once, since every question may ask for it."""
    return Path(prototypes.__file__).read_bytes()


def locked() -> AbstractContextManager[None]:
    """Nobody else of this machine writes a snapshot, or in one, for as long as the block takes."""
    return alone_in(_folder())


def newest(version: ModelVersion, revision: int) -> Snapshot | None:
    """The newest that there is, of no later revision: after that the database was another."""
    for place in sorted(_all(), key=_revision, reverse=True):
        if _is_kept(version) and place.name.startswith(key(version)):
            with suppress(OSError, ValueError):  # somebody else's, or spoilt
                if _revision(place) <= revision:
                    terms = np.load(place / _TERMS)
                    return Snapshot(_revision(place), Rows.load(place), terms)
    return None


def keep(version: ModelVersion, snapshot: Snapshot) -> Snapshot:
    """Store it in the place of all others, if it may be stored; returns what to use from now on."""
    if not _is_kept(version):
        return snapshot
    try:
        return _store(_folder() / f"{key(version)}-{snapshot.revision}", snapshot)
    except OSError as error:
        log.warning("The gallery stays in memory, as it cannot be stored: %s.", error)
        return snapshot


def overwrite(faces: Iterable[int]) -> None:
    """Leave nothing of these in any snapshot of this machine."""
    gone = list(faces)
    with locked():
        for place in _folder().glob(f"{_UNFINISHED}*"):  # of somebody who was killed
            shutil.rmtree(place)
        for place in _all():
            rows.overwrite(place, gone)


def drop() -> None:
    """Remove all of them: the site encrypts from now on, or is another."""
    with locked():
        for place in _folder().iterdir():
            shutil.rmtree(place)


def _store(place: Path, snapshot: Snapshot) -> Snapshot:
    before = list(_folder().iterdir())
    require_room(_folder(), snapshot.rows.bytes)
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=_folder()) as folder:
        beside = Path(folder) / place.name
        beside.mkdir(mode=0o700)
        snapshot.rows.save(beside)
        np.save(beside / _TERMS, snapshot.terms)
        _put_on_disk(beside)
        for old in before:
            shutil.rmtree(old)
        beside.rename(place)
    return Snapshot(snapshot.revision, Rows.load(place), snapshot.terms)


def _put_on_disk(folder: Path) -> None:
    """Or a power cut would leave files of the right length with nothing in them."""
    for file in folder.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())


def _is_kept(version: ModelVersion) -> bool:
    in_service = version.state == ModelVersion.State.ACTIVE and version.activated_at
    return bool(in_service) and not settings.ENCRYPT


def _all() -> list[Path]:
    return [place for place in _folder().glob("*-*") if not place.name.startswith(_UNFINISHED)]


def _revision(place: Path) -> int:
    return int(place.name.rpartition("-")[2])


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "gallery"
