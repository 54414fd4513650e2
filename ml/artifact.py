"""A model version on disk: written beside, verified, renamed into place once, and never changed.

    models/<version>/
      manifest.json       what it is, where it came from, the SHA-256 of every other file
      model.keras         the trained Keras model: the source of truth; an imported network has none
      serving/model.xml   the same network for OpenVINO, with its weights in model.bin
      calibration.json    what similarities mean: see `ml.calibration`
      labels.json         of a trained network: the paper's ResultsMap, which class is who
      classes.json        of a trained network: what its probabilities mean, see `ml.classes`

Loads nothing heavy, so that the web process can check a model version too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml.errors import (
    ArtifactDamaged,
    ArtifactError,
    ArtifactMissing,
    ArtifactTooNew,
    ArtifactTooOld,
)
from ml.files import held, read_json
from ml.leftovers import is_left_behind
from ml.types import ANSWERS_BY, AnswersBy

FORMAT = 3
IMPORTED = "imported"
"""The architecture of networks that were trained elsewhere: whatever is in their file."""
MANIFEST = "manifest.json"
KERAS_MODEL = "model.keras"
SERVING_MODEL = "serving/model.xml"
CALIBRATION = "calibration.json"
LABELS = "labels.json"
"""The paper's ResultsMap: which class of a trained network is who."""
CLASSES = "classes.json"
REQUIRED = (SERVING_MODEL, "serving/model.bin", CALIBRATION)


@dataclass(frozen=True)
class Manifest:
    """What a model version says of itself. `files` maps relative paths to SHA-256.

    It answers by "gallery", the faces that are enrolled, or by "classes", its own; those name
    nobody below a threshold if it is `open_set`. One that was imported has no form for `keras`.
    """

    version: str
    architecture: str
    input_size: int
    embedding_size: int
    created: str
    parent: str | None = None
    dataset: dict[str, Any] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    answers_by: AnswersBy = "gallery"
    open_set: bool = False
    keras: bool = True
    format: int = FORMAT

    @property
    def required(self) -> tuple[str, ...]:
        """The files without which there is no such version."""
        by_classes = (LABELS, CLASSES) if self.answers_by == "classes" else ()
        return (*REQUIRED, *by_classes, *((KERAS_MODEL,) if self.keras else ()))

    @property
    def digest(self) -> str:
        """SHA-256 over the names and hashes of all files."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()


@contextmanager
def writing(models_dir: Path, version: str) -> Iterator[Path]:
    """Yield an empty folder that becomes `models_dir/version` if the block succeeds.

    The block writes every file and ends with `seal`. If it fails, or the process is killed, no
    half-made version is left under that name; what a killed one left beside it goes with the next.

    Raises:
        ArtifactDamaged: the block left the version incomplete.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    _remove_what_was_left(models_dir, version)
    beside = Path(tempfile.mkdtemp(prefix=f".{version}~", dir=models_dir))
    with held(beside):
        try:
            yield beside
            check(beside)
            _replace(beside, models_dir / version)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _remove_what_was_left(models_dir: Path, version: str) -> None:
    """Half-made folders of processes that were killed: the system took their locks away."""
    for left in models_dir.glob(f".{version}~*"):
        with suppress(FileNotFoundError), held(left) as ours:
            if ours:
                shutil.rmtree(left, ignore_errors=True)


def seal(directory: Path, manifest: Manifest) -> Manifest:
    """Hash every file of `directory` and write its manifest, which is returned."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    hashes = {path.relative_to(directory).as_posix(): sha256(path) for path in paths}
    sealed = Manifest(**{**asdict(manifest), "files": hashes})
    text = json.dumps(asdict(sealed), indent=2, ensure_ascii=False)
    (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return sealed


def read_manifest(directory: Path) -> Manifest:
    """Read what a model version says of itself, without checking its files.

    Raises:
        ArtifactMissing: there is no model version in `directory`.
        ArtifactDamaged: its manifest cannot be read.
        ArtifactTooNew, ArtifactTooOld: another facesite wrote it.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise ArtifactMissing(f"There is no model version in {directory}.", path)
    try:
        values = read_json(path)
        if values["format"] != FORMAT:
            raise _of_another_facesite(values["format"], path)
        manifest = Manifest(**values)
        if manifest.answers_by not in ANSWERS_BY:
            raise ValueError(f"nothing answers by {manifest.answers_by!r}")
        return manifest
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactDamaged(f"{path} cannot be read: {error}", path) from error


def _of_another_facesite(format_: int, path: Path) -> ArtifactError:
    if format_ > FORMAT:
        return ArtifactTooNew(f"{path} has format {format_}, newer than {FORMAT}.", path)
    return ArtifactTooOld(f"{path} has format {format_}, older than {FORMAT}.", path)


def check(directory: Path, *, hashes: bool = True) -> Manifest:
    """Prove that the model version in `directory` is complete and unchanged, with nothing beside.

    With `hashes=False` only the presence of the files is checked, which takes no time.

    Raises:
        ArtifactError: one of those of `ml.errors`; its `path` names the file.
    """
    manifest = read_manifest(directory)
    for name in {*manifest.required, *manifest.files}:
        path = directory / name
        if not path.is_file():
            raise ArtifactMissing(f"{path} is missing.", path)
        if name not in manifest.files:
            raise ArtifactDamaged(f"{path} is not in the manifest.", path)
        if hashes and sha256(path) != manifest.files[name]:
            raise ArtifactDamaged(f"{path} is not the file that the manifest names.", path)
    for path in _beside(directory, manifest):
        raise ArtifactDamaged(f"{path} is not in the manifest.", path)
    return manifest


def _beside(directory: Path, manifest: Manifest) -> Iterator[Path]:
    """Files of which the manifest knows nothing; what systems leave behind does no harm."""
    known = {MANIFEST, *manifest.files}
    for path in sorted(directory.rglob("*")):
        inside = path.relative_to(directory)
        ours = inside.as_posix() in known or any(map(is_left_behind, inside.parts))
        if not (ours or path.is_dir()):
            yield path


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(beside: Path, target: Path) -> None:
    """Rename into place; an earlier, damaged version of that name makes room first."""
    if not target.exists():
        beside.rename(target)
        return
    condemned = beside.with_name(f"{beside.name}-old")
    target.rename(condemned)
    beside.rename(target)
    shutil.rmtree(condemned)


def write_labels(path: Path, labels: Sequence[str]) -> None:
    """Write labels in order of their class: `{"0": "Ivan Petrov", ...}`, UTF-8, any script."""
    text = json.dumps(dict(enumerate(labels)), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_labels(path: Path) -> tuple[str, ...]:
    """Read what `write_labels` wrote, in order of the classes.

    Raises:
        ArtifactMissing: there is no such file.
        ArtifactDamaged: it does not map 0, 1, 2... to labels.
    """
    if not path.is_file():
        raise ArtifactMissing(f"{path} is missing.", path)
    try:
        labels = read_json(path)
        return tuple(str(labels[str(index)]) for index in range(len(labels)))
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactDamaged(f"{path} is no map of labels: {error}", path) from error
