"""Networks that were trained elsewhere, as candidates of this site."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from ml.files import held
from recognition.models import ModelVersion
from recognition.services.audit import record
from recognition.services.refusals import Refused
from recognition.services.versions import names, registry

if TYPE_CHECKING:
    from ml.threads import Progress
    from ml.versions.checking import Evidence
    from ml.versions.importing import Imported, Network


class ImportNotBegun(Refused):
    """The name cannot be that of a new version, or another import is at work."""


def import_network(
    network: Network, evidence: Evidence, say: Callable[[str], None], progress: Progress
) -> ModelVersion:
    """Make a candidate of a network, checked and calibrated by the evidence.

    Raises:
        ImportNotBegun: the name is none, or is taken, or another import is at work.
        MLError: see `ml.versions.importing.import_network`.
    """
    from ml.versions import checking, importing  # noqa: PLC0415  (load OpenVINO)

    active = registry.require_active()
    places = checking.Places(
        models=Path(settings.MODELS_DIR),
        cache=Path(settings.DATA_DIR) / "cache" / "embeddings",
        active=registry.folder(active),
    )
    with _alone_in(places.models):
        require_free(network.name)
        imported = importing.import_network(network, evidence, places, say, progress)
        return _registered(imported, places.models / network.name)


def _registered(imported: Imported, directory: Path) -> ModelVersion:
    try:
        with transaction.atomic():
            version = registry.register_imported(imported)
            file = imported.manifest.dataset["weights"]
            record(None, "model.imported", version, name=version.name, file=file)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return version


@contextmanager
def _alone_in(models: Path) -> Iterator[None]:
    """Two imports of one name would take each other's files away."""
    with held(models) as ours:
        if not ours:
            raise ImportNotBegun("one_at_a_time")
        yield


def require_free(name: str) -> None:
    if not names.is_name(name):
        raise ImportNotBegun("bad_name", name=name)
    if names.is_taken(name):
        raise ImportNotBegun("name_taken", name=name)
