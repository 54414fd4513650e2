"""The gallery in PostgreSQL beside that in memory: `python docs/gallery_on_pgvector.py PEOPLE`.

DATABASE_URL is an empty database of a server with pgvector. So many people with a photo each are
drawn as the anchors of the default version lie, which is how people do; half of those who are asked
about are enrolled. The same questions go to both. No part of the product: nothing imports it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gallery_at_size as sizes

if sizes.STEP in sys.argv:
    import numpy as np
    import psutil
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from ml.around import AROUND
    from ml.calibration import Calibration, Policy, identify
    from recognition.models import ModelVersion
    from recognition.services.gallery import memory, vectors

ASKED, ALIKE = 200, 0.6
"""How many are asked about, and how alike they are to what is enrolled of them."""


def calibration() -> Any:
    return Calibration.load(Path("ml/versions/sface-calibration.json"))


def drawn(seed: int, count: int) -> Any:
    anchors = calibration().anchors
    spread = np.linalg.cholesky(np.cov(anchors.T) + 1e-6 * np.eye(sizes.SIZE))
    normal = np.random.default_rng(seed).standard_normal((count, sizes.SIZE))
    return sizes.unit(anchors.mean(axis=0) + normal @ spread.T)


def batches(count: int) -> Iterator[range]:
    for first in range(1, count + 1, sizes.BATCH):
        yield range(first, min(first + sizes.BATCH, count + 1))


def make(count: int) -> None:
    call_command("migrate", verbosity=0)
    version = ModelVersion.objects.create(
        name="drawn", digest="0" * 64, embedding_size=sizes.SIZE, state="active"
    )
    ModelVersion.objects.update(activated_at=timezone.now())
    random = np.random.default_rng(7)
    for people in batches(count):
        sizes.enrol(people, drawn(people[0], len(people)), random, version.pk)
    execute("ANALYZE")


def execute(statement: str, *values: object) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def index() -> None:
    table = vectors.name(ModelVersion.objects.get().pk)
    sizes.say("to make it, s", sizes.seconds(vectors.build))
    sizes.say("table, MB", execute("SELECT pg_table_size(%s)", table)[0] / 2**20)
    sizes.say("indexes, MB", execute("SELECT pg_indexes_size(%s)", table)[0] / 2**20)


def asked(count: int) -> Any:
    """Strangers, and people of the first batch in another photo."""
    strangers = drawn(10**9, ASKED // 2)
    known = drawn(1, min(count, sizes.BATCH))[: ASKED // 2]
    other = sizes.unit(np.random.default_rng(5).standard_normal(known.shape))
    return np.concatenate([strangers, sizes.unit(ALIKE * known + (1 - ALIKE**2) ** 0.5 * other)])


def ask(count: int) -> None:
    version, before, probes = ModelVersion.objects.get(), sizes.held(), asked(count)
    sizes.say("start, s", sizes.seconds(lambda: sizes.search(version)))
    with memory.current(version) as gallery:
        times = [1000 * sizes.seconds(lambda: gallery.search(one, AROUND)) for one in probes]  # noqa: B023
        sizes.say("search, ms", statistics.median(times))
        some = probes[: sizes.TOGETHER]
        together = sizes.typical(lambda: gallery.search_all(some, AROUND))
        sizes.say("of 16, each, ms", 1000 * together / sizes.TOGETHER)
        whole = calibration()
        times = [
            1000 * sizes.seconds(lambda: identify(one, gallery, whole, Policy(0.01)))  # noqa: B023
            for one in probes
        ]
        sizes.say("decide, ms", statistics.median(times))
    own, shared = (after - was for after, was in zip(sizes.held(), before, strict=True))
    sizes.say("MB of each process", own)
    sizes.say("MB in files", shared)
    if vectors.wanted():
        sizes.say("MB of PostgreSQL", postgresql())


def postgresql() -> float:
    """Of all its processes, what they share counted once."""
    (mine,) = execute("SELECT pg_backend_pid()")
    server = psutil.Process(mine).parent()
    processes = [server, *server.children()] if server else []
    return sum(one.memory_full_info().pss for one in processes) / 2**20


def agree(count: int) -> None:
    version, probes, whole = ModelVersion.objects.get(), asked(count), calibration()
    exact, _ = memory.apart(version)
    near, same, first, apart = [], 0, 0, 0.0
    with memory.current(version) as gallery:
        for probe in probes:
            found, truth = (one.search(probe, AROUND) for one in (gallery, exact))
            near.append(len({one.person for one in found} & {one.person for one in truth}))
            first += found[0].person == truth[0].person
            said, right = (identify(probe, one, whole, Policy(0.01)) for one in (gallery, exact))
            same += (said.decision, named(said)) == (right.decision, named(right))
            apart = max(apart, abs(said.threshold - right.threshold))
    sizes.say("nearest 20 found, %", 100 * sum(near) / len(probes) / AROUND)
    sizes.say("nearest found, %", 100 * first / len(probes))
    sizes.say("same decisions, %", 100 * same / len(probes))
    sizes.say("threshold off by", apart)


def named(answer: Any) -> Any:
    return answer.candidates[0].person if answer.decision == "match" else None


def main(count: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, backend in (
            ("make", "memory"),
            ("index", "pgvector"),
            *[("ask", "memory"), ("ask", "pgvector")] * 2,
            ("agree", "pgvector"),
        ):
            sys.stdout.write(f"{name}, {backend}\n")
            sys.stdout.flush()
            os.environ["GALLERY_BACKEND"] = backend
            step(name, folder, count)


def step(name: str, folder: str, count: str) -> None:
    sizes.step(name, str(sizes.ROOT), Path(folder), given=[count], script=__file__).wait()


if __name__ == "__main__":
    if sizes.STEP in sys.argv:
        number = int(sys.argv[3])
        steps = {
            "make": lambda: make(number),
            "index": index,
            "ask": lambda: ask(number),
            "agree": lambda: agree(number),
        }
        steps[sys.argv[2]]()
    else:
        main(sys.argv[1])
