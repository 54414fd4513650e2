"""A gallery of made-up people: what it costs to search, to keep and to add to.

Called within a copy of a site of its own, of which nothing runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from secrets import token_hex
from time import perf_counter
from typing import Any, Final

import numpy as np
from django.utils.translation import gettext as _

from ml.evaluation.timing import Spread
from ml.types import Floats
from recognition.management.benchmarking.asking import Worker
from recognition.management.benchmarking.site import SiteFailed
from recognition.models import EnrolledFace, ModelVersion, Person, Template
from recognition.services.gallery import memory
from recognition.services.versions import registry

SMALL: Final = (1_000, 10_000)
ALL: Final = (*SMALL, 100_000, 1_000_000)
WORKERS: Final = 2
PROBES: Final = 30
ADDED: Final = 5
AT_ONCE: Final = 5_000
"""People that are stored in one transaction."""
LOOK: Final = {"box": [0, 0, 1, 1], "quality": 0.9, "crop": "none.png", "portrait": "none.jpg"}


def fill(people: int) -> None:
    """Enrol so many more people than there are, each with one template."""
    random, version = np.random.default_rng(0), registry.require_active()
    for stored in range(0, people, AT_ONCE):
        _enrol(version, _units(random, min(AT_ONCE, people - stored), version.embedding_size))


def measured(people: int) -> dict[str, Any]:
    """What they cost."""
    fill(people)
    random, version = np.random.default_rng(1), registry.require_active()
    with Worker.several(WORKERS) as workers:
        return {"people": people, **_of_workers(workers, version, random)}


def _of_workers(
    workers: Sequence[Worker], version: ModelVersion, random: np.random.Generator
) -> dict[str, Any]:
    first, size = workers[0], version.embedding_size
    told = [first.look_up(probe) for probe in _units(random, PROBES, size)]
    added = [_until_found(workers, version, probe) for probe in _units(random, ADDED, size)]
    memories = [worker.memory() for worker in workers]
    return {
        "start_s": first.start_seconds,
        "gallery_s": first.first["follow"] / 1e3,
        "search_ms": _spread([one["search"] for one in told]),
        "decide_ms": _spread([one["decide"] for one in told]),
        "add_ms": _spread([stored for stored, _ in added]),
        "found_ms": _spread([found for _, found in added]),
        "resident_mb": memories[0]["rss"],
        "all_workers_mb": sum(one["pss"] for one in memories),
    }


def _until_found(
    workers: Sequence[Worker], version: ModelVersion, template: Floats
) -> tuple[float, float]:
    """Milliseconds to store somebody new, and then until every worker has named them."""
    began = perf_counter()
    (person,) = _enrol(version, template[None])
    stored = perf_counter()
    if any(worker.look_up(template)["nearest"] != person for worker in workers):
        raise SiteFailed(_("A worker does not find who was enrolled."))
    return (stored - began) * 1e3, (perf_counter() - stored) * 1e3


def _enrol(version: ModelVersion, templates: Floats) -> list[int]:
    """Somebody new for each template, as rows; returns who they are."""
    with memory.changing() as changes:
        people = Person.objects.bulk_create(Person(name=token_hex(8)) for _ in templates)
        faces = EnrolledFace.objects.bulk_create(
            EnrolledFace(person=one, photo_digest=f"made-up-{one.pk}", **LOOK) for one in people
        )
        Template.objects.bulk_create(
            Template(face=face, model_version=version, embedding=template.tobytes())
            for face, template in zip(faces, templates, strict=True)
        )
        changes.again((face.pk, face.person_id) for face in faces)
    return [one.pk for one in people]


def _units(random: np.random.Generator, number: int, size: int) -> Floats:
    rows = random.normal(size=(number, size))
    units: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")
    return units


def _spread(taken: Sequence[float]) -> dict[str, float]:
    return asdict(Spread.of(taken))
