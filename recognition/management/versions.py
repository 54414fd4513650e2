"""What commands that need a model version have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.errors import ArtifactError, MLError
from recognition.management.terminal import progress_bar
from recognition.messages.versions import model_problem, promotion_refused
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
        raise CommandError(to_be_mended(error)) from error


def trouble(error: MLError) -> str:
    """What is wrong: with a model in the words that pages have, otherwise in the error's own."""
    if isinstance(error, ArtifactError):
        return model_problem(error.code, error.path)
    return str(error)


def to_be_mended(error: ArtifactError) -> str:
    """What is wrong with a model, and the command that helps."""
    said = _("%(trouble)s. Run: %(command)s")
    return said % {"trouble": trouble(error), "command": mending_command(error)}


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
    if version.open_set:
        by_classes = _("It answers by its own classes, or names nobody. In the gallery: %(count)d.")
    else:
        by_classes = _("It always names one of its own classes. In the gallery: %(count)d.")
    yield by_classes % {"count": named}
    if without := classes.without_person(version):
        yield _("Classes that have no photo to enrol any more, and are never named: %d.") % without
    if unknown:
        yield _("People in the gallery whom it does not know: %d.") % unknown


@contextmanager
def switching(*, quiet: bool) -> Iterator[Progress]:
    """A bar while another version goes into service, or one sentence on why it does not."""
    with progress_bar(_("faces"), quiet=quiet) as progress:
        try:
            yield progress
        except serving.PromotionRefused as refusal:
            said = promotion_refused(refusal.code, refusal.params)
            raise CommandError(f"{said} {_HELPS.get(refusal.code, '')}".rstrip()) from refusal
        except KeyboardInterrupt:
            message = _("Stopped. What is embedded stays; run the command again to continue.")
            raise CommandError(message, returncode=130) from None
