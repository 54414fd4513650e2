"""Model versions and photos on disk, as the commands that measure and fit have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from ml import artifact
from ml.evaluation.cache import FaceCache, FoundFace
from ml.evaluation.faces import find_faces
from ml.evaluation.samples import Embeddings
from ml.inference.recognizer import Recognizer
from recognition.management.terminal import progress_bar
from recognition.services.versions import registry


@dataclass(frozen=True)
class Photos:
    """A model version that looks at photos, and what it saw in earlier runs."""

    directory: Path
    recognizer: Recognizer

    @classmethod
    def open(cls, name: str | None) -> Photos:
        directory = version_dir(name)
        return cls(directory, Recognizer.load(directory, engine=settings.ENGINE))

    def faces(self, photos: Sequence[Path]) -> dict[Path, FoundFace | None]:
        folder = settings.DATA_DIR / "cache" / "embeddings"
        digest = artifact.read_manifest(self.directory).digest
        with (
            FaceCache.open(folder, digest, settings.ENGINE) as cache,
            progress_bar(_("photos")) as progress,
        ):
            return find_faces(photos, self.recognizer, cache, progress)

    def people(self, people: Mapping[str, Sequence[Path]]) -> dict[str, list[FoundFace]]:
        """The faces of everybody in whose photos one was found."""
        faces = self.faces([photo for photos in people.values() for photo in photos])
        found = {
            name: [face for photo in photos if (face := faces[photo])]
            for name, photos in people.items()
        }
        return {name: theirs for name, theirs in found.items() if theirs}

    def embeddings(self, people: Mapping[str, Sequence[Path]]) -> dict[str, Embeddings]:
        """Those of the same faces."""
        return {
            name: Embeddings(
                np.stack([face.embedding for face in faces]),
                np.stack([face.template for face in faces]),
            )
            for name, faces in self.people(people).items()
        }


def version_dir(name: str | None) -> Path:
    """The folder of a model version, by default of the active one."""
    if name is None:
        return registry.folder(registry.require_active())
    return Path(settings.MODELS_DIR) / name
