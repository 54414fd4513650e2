"""What commands that need a model version have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.errors import ArtifactError
from recognition.management.terminal import progress_bar
from recognition.messages.versions import promotion_refused
from recognition.models import ModelVersion
from recognition.services.gallery import classes
from recognition.services.gallery.templates import Progress
from recognition.services.promotion import serving
from recognition.services.versions import predictors
from recognition.services.versions.registry import mending_command

_HELPS: Final = {"gate_not_passed": gettext_lazy('Give it: --force --reason "…".')}


def require_model() -> predictors.Predictor:
    """The model that a command cannot do without, or one sentence on how to get it."""
    try:
        return predictors.active()
    except ArtifactError as error:
        raise CommandError(f"{error} Run: {mending_command(error)}") from error


def version_named(name: str) -> ModelVersion:
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        known = ", ".join(ModelVersion.objects.values_list("name", flat=True)) or _("none yet")
        said = _("There is no model version “%(name)s”; there are: %(known)s.")
        raise CommandError(said % {"name": name, "known": known})
    return version


def classes_in_words(version: ModelVersion) -> Iterator[str]:
    """Whom a version that answers by its classes names, and whom not."""
    named, unknown = classes.named(version).count(), classes.unknown(version).count()
    below = "nobody below a threshold" if version.open_set else "one of them always"
    yield f"It answers by its own classes: {named} people of the gallery, and {below}."
    if without := classes.without_person(version):
        yield f"{without} of its classes have no photo to enrol any more and are never named."
    if unknown:
        yield f"{unknown} people of the gallery are none of its classes: it does not know them."


@contextmanager
def switching(*, quiet: bool) -> Iterator[Progress]:
    """A bar while another version goes into service, or one sentence on why it does not."""
    with progress_bar("faces", quiet=quiet) as progress:
        try:
            yield progress
        except serving.PromotionRefused as refusal:
            said = promotion_refused(refusal.code, refusal.params)
            raise CommandError(f"{said} {_HELPS.get(refusal.code, '')}".rstrip()) from refusal
        except KeyboardInterrupt:
            message = _("Stopped. What is embedded stays; run the command again to continue.")
            raise CommandError(message, returncode=130) from None
