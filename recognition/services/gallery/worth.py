"""What more photos of its people would bring to this very site."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Final

import numpy as np
from django.conf import settings
from django.core.cache import cache

from ml.calibration import Calibration, Policy, identify
from ml.evaluation.more_photos import MorePhotos, Photos, leave_one_out
from recognition.models import ModelVersion, Template
from recognition.services import consent
from recognition.services.gallery import revisions
from recognition.services.versions import registry

MOST: Final = 20_000
"""Templates that are read, some 10 MB: of a larger gallery a part says enough."""
KEPT_FOR: Final = 24 * 3600
"""Seconds; a change of the gallery or of what answers ends it before."""


def of_more_photos() -> MorePhotos | None:
    """How many left-out enrolled photos are recognised by one other photo of each person, and by
    all: by gallery, at the share of strangers that this site lets pass. None if there is no version
    in service, or too few people have several photos."""
    version = registry.active()
    if version is None:
        return None
    what = (version.pk, revisions.last(), settings.TARGET_FPIR, settings.STRANGERS)
    key = f"more-photos:{'-'.join(map(str, what))}"
    (found,) = cache.get(key) or (_measured(version),)
    cache.set(key, (found,), KEPT_FOR)
    return found


def _measured(version: ModelVersion) -> MorePhotos | None:
    path = registry.calibration_of(version)
    if path is None:
        return None
    policy = Policy(settings.TARGET_FPIR, settings.STRANGERS)
    decide = partial(identify, calibration=Calibration.load(path), policy=policy)
    return leave_one_out(_photos(version), decide)


def _photos(version: ModelVersion) -> dict[int, Photos]:
    may_be = consent.may_be_named("face__person")
    templates = Template.objects.filter(may_be, model_version=version)
    rows = templates.order_by("face__person", "face")
    values = rows.values_list("face__person", "embedding", "face__quality")[:MOST]
    photos = defaultdict(list)
    for person, embedding, quality in values.iterator():
        photos[person].append((np.frombuffer(embedding, "<f4"), quality))
    return dict(photos)
