"""What `manage.py check`, and every command, says about the model before anybody asks it."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError
from django.utils.translation import gettext as _

from facesite import sealing
from recognition.messages.versions import model_problem
from recognition.models import EnrolledFace, ProbeFace, Template
from recognition.services.gallery import vectors
from recognition.services.versions import registry

KEYS: Final = "keys"
"""The tag of what the site says of its keys before it starts."""
_VECTORS: Final = "recognition.no_vectors"
_INDEXING: Final = "python manage.py index_gallery"


@register()
def model_can_be_served(app_configs: object, **_kwargs: Any) -> list[CheckMessage]:
    """Warnings, not errors: the site starts without its model, and photos wait for it.

    Hashes are verified here too, not only sizes: a file with a flipped bit has the right size, and
    hashing the model takes about a tenth of a second.
    """
    try:
        problem = registry.problem()
    except DatabaseError:  # before the first `migrate`, or while the database is away
        return []
    if problem is None:
        return []
    said = f"{model_problem(problem.code, problem.path)}."
    hint = _("Run: %(command)s") % {"command": registry.mending_command(problem)}
    return [Warning(said, hint=hint, obj=problem.path, id=f"recognition.{problem.code}")]


@register()
def gallery_is_in_postgresql(app_configs: object, **_kwargs: Any) -> list[CheckMessage]:
    """Warnings: the gallery in memory answers, which takes the memory that was to be saved."""
    try:
        lacking = vectors.lacking()
    except DatabaseError:  # before the first `migrate`, or while the database is away
        return []
    if lacking == "extension":
        said = _("GALLERY_BACKEND=pgvector: the database has no extension “vector”.")
        hint = _("Install pgvector on the database server, and run in the database: %(command)s")
        return [Warning(said, hint=hint % {"command": f"{vectors.EXTENSION};"}, id=_VECTORS)]
    if lacking == "table":
        said = _("GALLERY_BACKEND=pgvector: the gallery has no table that can be searched yet.")
        hint = _("A worker makes it within minutes. If it does not, this says why: %(command)s")
        return [Warning(said, hint=hint % {"command": _INDEXING}, id=_VECTORS)]
    return []


@register(KEYS)
def sealed_things_can_be_opened(app_configs: object, **_kwargs: Any) -> list[CheckMessage]:
    """An error: answers would be wrong or fail one by one. Nothing is lost by it."""
    try:
        for model in (Template, ProbeFace):
            model.objects.values_list("embedding", flat=True).last()
        if face := EnrolledFace.objects.last():
            face.crop.open().close()
    except sealing.SealBroken as broken:
        hint = _("Set FACESITE_KEYS to the keys that this site had.")
        return [Error(f"{broken}.", hint=hint, id="recognition.key_missing")]
    except (DatabaseError, OSError, ValueError):  # before `migrate`; a crop that is lost
        return []
    return []


@register(deploy=True)
def the_key_is_kept_elsewhere(app_configs: object, **_kwargs: Any) -> list[CheckMessage]:
    """A key beside what it protects protects it only in backups."""
    beside = settings.DATA_DIR / "encryption_keys"
    if not (settings.ENCRYPT and beside.exists()):
        return []
    said = _("The key lies beside what it protects: %(file)s.") % {"file": beside}
    hint = _("Move it elsewhere, and name it with FACESITE_KEYS_FILE.")
    return [Warning(said, hint=hint, id="recognition.key_beside")]
