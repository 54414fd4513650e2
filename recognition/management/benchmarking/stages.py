"""What each step takes from a photo's bytes to its stored answer, in a process like a worker's.

Called within a site of its own, of which nothing runs meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from time import perf_counter
from typing import Any, Final

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from ml import imaging
from ml.calibration import CANDIDATES
from ml.evaluation.timing import Spread
from ml.openvino_core import core
from recognition.management.benchmarking import photos
from recognition.management.benchmarking.site import SiteFailed
from recognition.models import Identification, User
from recognition.services.gallery import memory
from recognition.services.identification import answering

SIDES: Final = (640, 1280, 4000)
FACES: Final = (1, 3, 12)
WARM_UP: Final = 2
AROUND_THE_WORK: Final = ("queue", "total")
"""What a row says of the time when nobody worked on it, too."""

Milliseconds = dict[str, float]


def measured(runs: int, sides: Sequence[int] = SIDES) -> dict[str, Any]:
    """Of each size and number of faces the time of every stage; that of the first photo of all, for
    which the networks and the gallery are loaded, is told apart."""
    user = User.objects.create_user("stages")
    first = sum(_answered(photos.group(1, SIDES[0]), user).values())
    table = [_of(faces, side, runs, user) for side in sides for faces in FACES]
    return {"threads": _threads(), "first_photo_ms": first, "photos": table}


def bare(number: int) -> float:
    """Photos a second from bytes to a decision, one after the other, none of them stored."""
    taken = photos.portraits(number)
    answering.identify_photo(taken[0])
    started = perf_counter()
    for photo in taken:
        answering.identify_photo(photo)
    return number / (perf_counter() - started)


def _threads() -> int:
    """As many as the networks compute with; 0 is as many as there are cores."""
    return int(core().get_property("CPU", "INFERENCE_NUM_THREADS"))


def _of(faces: int, side: int, runs: int, user: User) -> dict[str, Any]:
    photo = photos.group(faces, side)
    told = [_answered(photo, user) for _ in range(WARM_UP + runs)][WARM_UP:]
    spreads = {stage: asdict(Spread.of([one[stage] for one in told])) for stage in told[0]}
    whole = asdict(Spread.of([sum(one.values()) for one in told]))
    found = Identification.objects.latest("created_at").faces.count()
    return {"pixels": side, "faces": faces, "found": found, "ms": {**spreads, "total": whole}}


def _answered(photo: bytes, user: User) -> Milliseconds:
    """Answer one as a worker does, and tell its stages apart."""
    upload = SimpleUploadedFile("photo.jpg", photo, "image/jpeg")
    (row,) = answering.submit(user, [upload]).accepted
    whole = _timed(lambda: answering.process(row.pk))
    row.refresh_from_db()
    steps = {name: ms for name, ms in row.timings.items() if name not in AROUND_THE_WORK}
    search, encode = _search(row), _encode(photo)
    return {
        **steps,
        "search": search,
        "decide": steps["search"] - search,
        "encode": encode,
        "write": max(0.0, whole - sum(steps.values()) - encode),
    }


def _search(row: Identification) -> float:
    """The search alone, which the site counts together with the decision."""
    faces, version = list(row.faces.all()), row.model_version
    if version is None:
        raise SiteFailed(_("A photo was not answered: %s") % (row.error_code or row.status))
    with memory.current(version) as gallery:
        probes = [np.frombuffer(face.embedding, "<f4") for face in faces]
        return _timed(lambda: [gallery.search(probe, CANDIDATES) for probe in probes])


def _encode(photo: bytes) -> float:
    """What is kept of a photo and its faces, made once more."""
    answer = answering.identify_photo(photo)
    taken = _timed(lambda: imaging.encode_jpeg(answer.image, long_side=answering.PHOTO_LONG_SIDE))
    return taken + _timed(lambda: [imaging.encode_png(face.crop) for face, _ in answer.faces])


def _timed(action: Callable[[], object]) -> float:
    started = perf_counter()
    action()
    return (perf_counter() - started) * 1000
