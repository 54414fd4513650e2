"""What commands that need a model version have in common."""

from __future__ import annotations

from django.core.management.base import CommandError

from ml.errors import ArtifactError
from recognition.management.terminal import progress_bar
from recognition.messages.versions import promotion_refused
from recognition.models import ModelVersion
from recognition.services.gallery.templates import Embedded
from recognition.services.promotion import serving
from recognition.services.versions import predictors
from recognition.services.versions.registry import mending_command


def require_model() -> predictors.Predictor:
    """The model that a command cannot do without, or one sentence on how to get it."""
    try:
        return predictors.active()
    except ArtifactError as error:
        raise CommandError(f"{error} Run: {mending_command(error)}") from error


def version_named(name: str) -> ModelVersion:
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        known = ", ".join(ModelVersion.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no model version {name!r}; there are: {known}.")
    return version


def put_into_service(version: ModelVersion, *, quiet: bool) -> Embedded:
    with progress_bar("faces", quiet=quiet) as progress:
        try:
            return serving.serve(version, None, progress)
        except serving.PromotionRefused as refusal:
            raise CommandError(promotion_refused(refusal.code, refusal.params)) from refusal
        except KeyboardInterrupt:
            message = "Stopped. What is embedded stays; call it again to go on."
            raise CommandError(message, returncode=130) from None
