"""Networks that were trained elsewhere, as candidates of this site."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from recognition.models import ModelVersion
from recognition.services.audit import record
from recognition.services.refusals import Refused
from recognition.services.versions import names, registry

if TYPE_CHECKING:
    from ml.threads import Progress
    from ml.versions.importing import Evidence, Network


class ImportNotBegun(Refused):
    """The name cannot be that of a new version."""


def import_network(
    network: Network, evidence: Evidence, say: Callable[[str], None], progress: Progress
) -> ModelVersion:
    """Make a candidate of a network, checked and calibrated by the evidence.

    Raises:
        ImportNotBegun: the name is none, or is taken.
        MLError: see `ml.versions.importing.import_network`.
    """
    from ml.versions import importing  # noqa: PLC0415  (loads OpenVINO)

    require_free(network.name)
    active = registry.require_active()
    places = importing.Places(
        models=Path(settings.MODELS_DIR),
        cache=Path(settings.DATA_DIR) / "cache" / "embeddings",
        active=registry.folder(active),
    )
    imported = importing.import_network(network, evidence, places, say, progress)
    try:
        with transaction.atomic():
            version = registry.register_imported(imported)
            record(None, "model.imported", version, name=version.name, file=network.file.name)
    except BaseException:
        shutil.rmtree(places.models / network.name, ignore_errors=True)
        raise
    return version


def require_free(name: str) -> None:
    if not names.is_name(name):
        raise ImportNotBegun("bad_name", name=name)
    if names.is_taken(name):
        raise ImportNotBegun("name_taken", name=name)
