from __future__ import annotations

from django.core.management.base import CommandError

from ml.errors import ArtifactError, WeightsMissing
from recognition import predictors
from recognition.services.model_versions import MENDING_COMMAND


def require_model() -> predictors.Predictor:
    """The model that a command cannot do without, or one sentence on how to get it."""
    try:
        return predictors.active()
    except ArtifactError as error:
        raise CommandError(f"{error} Run: {MENDING_COMMAND}") from error
    except WeightsMissing as error:
        raise CommandError(f"{error} Run: make install") from error
