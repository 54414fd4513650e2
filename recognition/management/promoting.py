"""What `promote` and `rollback` have in common."""

from __future__ import annotations

import sys

from django.core.management.base import CommandError
from tqdm import tqdm

from recognition.models import ModelVersion
from recognition.services import promotion
from recognition.services.embedding import Embedded


def version_named(name: str) -> ModelVersion:
    version = ModelVersion.objects.filter(name=name).first()
    if version is None:
        known = ", ".join(ModelVersion.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no model version {name!r}; there are: {known}.")
    return version


def put_into_service(version: ModelVersion, *, quiet: bool) -> Embedded:
    with tqdm(unit=" faces", file=sys.stderr, disable=True if quiet else None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            return promotion.serve(version, None, progress)
        except promotion.PromotionRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        except KeyboardInterrupt:
            message = "Stopped. What is embedded stays; call it again to go on."
            raise CommandError(message, returncode=130) from None
