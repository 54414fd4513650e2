from __future__ import annotations

from django.core.management.base import CommandError

from ml.errors import ArtifactError
from recognition import predictors
from recognition.services.model_versions import mending_command


def require_model() -> predictors.Predictor:
    """The model that a command cannot do without, or one sentence on how to get it."""
    try:
        return predictors.active()
    except ArtifactError as error:
        raise CommandError(f"{error} Run: {mending_command(error)}") from error
