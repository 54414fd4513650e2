"""Model versions of a site of several machines, each of which has a copy of those that it needs.

A version is made on one machine, which puts its files where all keep theirs. Another fetches them
when it first needs them: beside their place, proved by the digest of its row and the hashes of its
manifest, and then renamed into place.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from facesite.storage import kept
from ml import artifact
from ml.errors import ArtifactDamaged, ArtifactError
from ml.files import alone_in
from recognition.models import ModelVersion

log = logging.getLogger(__name__)

PAUSE: Final = 10.0
"""Seconds until what could not be fetched is tried again: the sweeper asks every five."""
_failed: dict[str, float] = {}


def share(manifest: artifact.Manifest) -> None:
    """Put a version where the other machines find it, before its row tells them of it. Its manifest
    comes last: where that is, all is."""
    place = _place(manifest.version, manifest.digest)
    if kept().shared and f"{place}/{artifact.MANIFEST}" not in kept().names(place):
        for name in (*manifest.files, artifact.MANIFEST):
            with (_folder(manifest.version) / name).open("rb") as file:
                kept().put(f"{place}/{name}", file)


def share_all() -> None:
    """Those that are whole on this machine, as after it was restored or was the only one."""
    if not kept().shared:  # to prove them all takes a while
        return
    for version in ModelVersion.objects.all():
        with suppress(ArtifactError):
            share(artifact.check(_folder(version.name)))


def fetch(version: ModelVersion) -> bool:
    """Bring the files of a version here, whole or not at all. False if nobody has them, or if what
    came is not what was registered: it is refused, and fetched again after a pause."""
    if not kept().shared or time.monotonic() - _failed.get(version.digest, -PAUSE) < PAUSE:
        return False
    try:
        with alone_in(Path(settings.MODELS_DIR) / ".fetching"):
            if not _is_here(version):
                _bring(version)
    except (OSError, ArtifactError) as error:
        _failed[version.digest] = time.monotonic()
        log.warning("%s cannot be fetched: %s", version.name, error)
        return False
    return True


def _bring(version: ModelVersion) -> None:
    place = _place(version.name, version.digest)
    with artifact.writing(Path(settings.MODELS_DIR), version.name) as beside:
        kept().copy(f"{place}/{artifact.MANIFEST}", beside / artifact.MANIFEST)
        manifest = artifact.read_manifest(beside)
        if manifest.digest != version.digest:
            path = beside / artifact.MANIFEST
            raise ArtifactDamaged(f"{place} is not of the version that was registered.", path)
        for name in manifest.files:
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            kept().copy(f"{place}/{name}", beside / name)
    log.info("%s was fetched.", version.name)


def _is_here(version: ModelVersion) -> bool:
    try:
        return artifact.check(_folder(version.name)).digest == version.digest
    except ArtifactError:
        return False


def _folder(name: str) -> Path:
    return Path(settings.MODELS_DIR) / name


def _place(name: str, digest: str) -> str:
    """Two machines that install the packaged model at once do not write into one another's."""
    return f"models/{name}/{digest}"
