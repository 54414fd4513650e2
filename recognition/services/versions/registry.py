"""Which trained network is in service, whether its files are sound, and how to mend them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from ml import artifact, weights
from ml.errors import (
    ArtifactDamaged,
    ArtifactError,
    ArtifactMissing,
    ArtifactTooOld,
    KerasFormMissing,
    WeightsMissing,
)
from ml.reports import names
from ml.versions import default
from recognition.models import ModelVersion, Template
from recognition.services.versions import sharing

if TYPE_CHECKING:
    from ml.versions.importing import Imported
    from ml.versions.making import Made

MENDING_COMMAND: Final = "python manage.py install_model"
REINSTALLING_COMMAND: Final = "make clean install"
OTHER_VERSION_COMMAND: Final = "python manage.py rollback"

Fingerprint = tuple[tuple[str, int, int], ...]
Verdict = ArtifactError | None


def active() -> ModelVersion | None:
    return ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()


def require_active() -> ModelVersion:
    """The version in service. Raises `ArtifactMissing` if there is none."""
    version = active()
    if version is None:
        folder = settings.MODELS_DIR
        raise ArtifactMissing(f"No model is installed in {folder}.", folder)
    return version


def listed() -> QuerySet[ModelVersion]:
    """All versions, the newest first. `erased` says how many people a version was trained on who
    were erased since."""
    gone = Q(trained_people__erased_at__isnull=False)
    erased = Count("trained_people__person_id", filter=gone, distinct=True)
    return ModelVersion.objects.annotate(erased=erased).order_by("-created_at")


def folder(version: ModelVersion) -> Path:
    return Path(settings.MODELS_DIR) / version.name


def _brought(version: ModelVersion) -> Path:
    """Its folder, fetched if it was made on another machine."""
    if not folder(version).is_dir():
        sharing.fetch(version)
    return folder(version)


def report(version: ModelVersion, language: str = "en") -> Path:
    """The page that its training wrote, in English where it is in no other language; a version that
    came with the site has none."""
    pages = _brought(version) / "report"
    said = pages / names.page_in(language)
    return said if said.exists() else pages / names.REPORT


def calibration_of(version: ModelVersion) -> Path | None:
    """Without it nothing can be told of galleries; other pages say what is wrong."""
    path = _brought(version) / artifact.CALIBRATION
    return path if path.is_file() else None


def problem() -> Verdict:
    """What keeps photos from being answered: the active version, or the packaged detector. None
    when all is well."""
    try:
        verify(require_active())
        weights.weights_path(weights.YUNET)
    except ArtifactError as error:
        return error
    return None


def mending_command(error: ArtifactError) -> str:
    """What puts the file at fault right again, or another version into service."""
    if isinstance(error, KerasFormMissing):
        return OTHER_VERSION_COMMAND
    return REINSTALLING_COMMAND if isinstance(error, WeightsMissing) else MENDING_COMMAND


_lock = threading.Lock()
_verified: dict[tuple[Path, str, str], tuple[Fingerprint, Verdict]] = {}


def verify(version: ModelVersion) -> None:
    """Prove that the files of a version are complete and are the ones that were registered, and
    that the site's engine can run them. What is not is fetched, if other machines have it.

    Raises:
        ArtifactError: which file is at fault, and why.
    """
    verdict = _verdict(version)
    if isinstance(verdict, ArtifactMissing | ArtifactDamaged) and sharing.fetch(version):
        verdict = _verdict(version)
    if verdict is not None:
        raise verdict.with_traceback(None)


def _verdict(version: ModelVersion) -> Verdict:
    """Hashing takes some 0.1 s, so a verdict is kept until a size or a time of a file changes: the
    status page, the sweeper and the system check may then ask as often as they like."""
    directory, now = folder(version), _fingerprint(folder(version))
    key = directory, version.digest, settings.ENGINE
    with _lock:
        before, verdict = _verified.get(key, (None, None))
        if now != before:
            verdict = _check(version)
            _verified[key] = now, verdict
    return verdict


def _check(version: ModelVersion) -> Verdict:
    directory = folder(version)
    try:
        manifest = artifact.check(directory)
    except ArtifactError as error:
        return error
    except OSError as error:
        path = error.filename or directory
        return ArtifactDamaged(f"{path} cannot be read: {error.strerror}.", path)
    if manifest.digest != version.digest:
        path = directory / artifact.MANIFEST
        return ArtifactDamaged(f"{path} is not of the version that was registered.", path)
    if settings.ENGINE == "keras" and not manifest.keras:
        return KerasFormMissing(directory)
    return None


def _fingerprint(directory: Path) -> Fingerprint:
    """Names, sizes and times of all files: changes when any of them is touched."""
    found = []
    for path in sorted(directory.rglob("*")):
        with suppress(OSError):  # gone since it was listed, as while the model is being mended
            stat = path.stat()
            found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(found)


def install_default(progress: Callable[[str], None], *, force: bool = False) -> ModelVersion:
    """Install the packaged model, or mend it. One of an older format leaves service with all of its
    templates, which are no longer made as they were.

    Installing again may change the digest: the networks are equal, their files need not be.

    Raises:
        WeightsMissing: the package that carries the weights is not installed.
        ExportDisagrees: the serving form does not compute what the Keras model computes.
    """
    directory = Path(settings.MODELS_DIR) / default.VERSION
    fault = _fault(directory)
    if isinstance(fault, ArtifactTooOld):
        _retire(default.VERSION)
    if force or fault:
        default.install(Path(settings.MODELS_DIR), progress)
    manifest = artifact.read_manifest(directory)
    sharing.share(manifest)
    version, _ = ModelVersion.objects.update_or_create(
        name=manifest.version, defaults=_on_disk(manifest)
    )
    return version


def _fault(directory: Path) -> Verdict:
    try:
        artifact.check(directory)
    except ArtifactError as error:
        return error
    return None


def _retire(name: str) -> None:
    with transaction.atomic():
        Template.objects.filter(model_version__name=name).delete()
        ModelVersion.objects.filter(name=name).update(state=ModelVersion.State.RETIRED)


def register(made: Made, *, against: ModelVersion) -> ModelVersion:
    """Make a trained version known, as a candidate that was compared with `against`."""
    manifest = made.manifest
    sharing.share(manifest)
    parent = ModelVersion.objects.filter(name=manifest.parent).first() if manifest.parent else None
    version, _ = ModelVersion.objects.update_or_create(
        name=manifest.version,
        defaults={
            **_on_disk(manifest),
            "open_set": manifest.open_set,
            "metrics": made.metrics,
            "gate": {**made.verdict.as_dict(), "against": against.name},
            "parent": parent,
        },
    )
    return version


def register_imported(imported: Imported) -> ModelVersion:
    """Make an imported version known, as a candidate that no gate has judged."""
    manifest = imported.manifest
    sharing.share(manifest)
    return ModelVersion.objects.create(
        name=manifest.version, **_on_disk(manifest), metrics=imported.metrics
    )


def _on_disk(manifest: artifact.Manifest) -> dict[str, Any]:
    directory = Path(settings.MODELS_DIR) / manifest.version
    return {
        "digest": manifest.digest,
        "architecture": manifest.architecture,
        "answers_by": manifest.answers_by,
        "embedding_size": manifest.embedding_size,
        "size": sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()),
    }
