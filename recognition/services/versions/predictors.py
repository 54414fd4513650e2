"""The only door to `ml.inference`: one recogniser per process, for the active model version."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from ml.calibration import Policy, identify
from ml.gallery import Gallery
from ml.types import Floats, Identification
from recognition.models import ModelVersion
from recognition.services.versions import registry

if TYPE_CHECKING:
    from ml.inference.recognizer import Recognizer


@dataclass(frozen=True)
class Predictor:
    version: ModelVersion
    recognizer: Recognizer

    def identify(
        self, embedding: Floats, gallery: Gallery, *, quality: float = 1.0
    ) -> Identification:
        """Who a face is, as this site is set to decide."""
        policy = Policy(settings.TARGET_FPIR, settings.STRANGERS)
        calibration = self.recognizer.calibration
        return identify(embedding, gallery, calibration, policy, quality=quality)


_lock = threading.Lock()
_loaded: Predictor | None = None


def active() -> Predictor:
    """The recogniser of the active model version, loaded at first use and after a promotion.

    Raises:
        ArtifactError: no version is active, or its files are missing or damaged.
        WeightsMissing: the packaged detector is missing.
    """
    global _loaded  # noqa: PLW0603  (one a process is the point)
    version = registry.require_active()
    with _lock:
        if _loaded is None or _loaded.version.digest != version.digest:
            _loaded = None  # first let go of the old network: two at once need twice the memory
            _loaded = load(version)
        elif _loaded.version.activated_at != version.activated_at:
            _loaded = Predictor(version, _loaded.recognizer)  # it was away and has come back
        return _loaded


def load(version: ModelVersion) -> Predictor:
    """The recogniser of any version, for the caller alone. Raises as `active` does."""
    registry.verify(version)
    from ml.inference.recognizer import Recognizer  # noqa: PLC0415  (imports OpenVINO)

    folder = registry.folder(version)
    return Predictor(version, Recognizer.load(folder, engine=settings.ENGINE))
