"""What a gallery takes at a size: `python docs/gallery_at_size.py PEOPLE [CHECKOUT…]`.

So many people with a photo each, unit vectors drawn at random, in a real database; PHOTOS=5 in the
environment gives them five each. Of every checkout, which may be an older one of this code, one
process asks and another waits for somebody to be enrolled. SITE names a folder in which the
database is kept for the next time. No part of the product: nothing imports it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STEP = "--step"
if STEP in sys.argv:
    sys.path.insert(0, str(Path.cwd()))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "facesite.settings"}

    import django

    django.setup()

    import numpy as np
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.utils import timezone

    from ml.calibration import Calibration, Policy, identify
    from recognition.models import EnrolledFace, ModelVersion, Person, Template
    from recognition.services.gallery import memory

PHOTOS = int(os.environ.get("PHOTOS", "1"))
SIZE, BATCH, TIMES, TOGETHER = 128, 10_000, 9, 16
NEWCOMER = "Newcomer"


def make(count: int) -> None:
    call_command("migrate", verbosity=0)
    version = ModelVersion.objects.create(
        name="drawn", digest="0" * 64, embedding_size=SIZE, state="active"
    )
    ModelVersion.objects.update(activated_at=timezone.now())
    drawn = np.random.default_rng(7)
    for first in range(1, count + 1, BATCH):
        people = range(first, min(first + BATCH, count + 1))
        enrol(people, vectors(drawn, len(people)), drawn, version.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def enrol(people: range, centres: Any, drawn: Any, version: int) -> None:
    """By the quickest way into the tables."""
    now = timezone.now()
    faces = [
        (person, (person - 1) * PHOTOS + photo + 1) for person in people for photo in range(PHOTOS)
    ]
    own = np.repeat(centres, PHOTOS, axis=0)
    own = unit(own + vectors(drawn, len(own)) * 0.7 * (PHOTOS > 1))
    with transaction.atomic():
        Person.objects.bulk_create(
            (Person(pk=one, name=f"Person {one}", created_at=now) for one in people), 1000
        )
        EnrolledFace.objects.bulk_create((face(pk, person) for person, pk in faces), 1000)
        Template.objects.bulk_create(
            (
                Template(face_id=pk, model_version_id=version, embedding=row.tobytes())
                for (_, pk), row in zip(faces, own, strict=True)
            ),
            1000,
        )


def face(pk: int | None, person: int) -> EnrolledFace:
    return EnrolledFace(
        pk=pk,
        person_id=person,
        photo_digest=str(pk),
        filename="1.jpg",
        crop="crops/none.png",
        portrait="portraits/none.jpg",
        box=[0, 0, 1, 1],
        quality=0.9,
    )


def vectors(drawn: Any, count: int) -> Any:
    return unit(drawn.standard_normal((count, SIZE), np.float32))


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")


def held() -> tuple[float, float]:
    """MB of this process's own, and MB of files that it shares with whoever has them open too."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    own = kilobytes["Anonymous"]
    return own / 1024, (kilobytes["Rss"] - own) / 1024


def ask() -> None:
    version, started = ModelVersion.objects.get(), held()
    say("start, s", seconds(lambda: search(version)))
    say("again, ms", 1000 * typical(lambda: search(version)))
    own, shared = (after - before for after, before in zip(held(), started, strict=True))
    say("MB of each process", own)
    say("MB of all together", shared)
    probes = vectors(np.random.default_rng(8), TOGETHER)
    with memory.current(version) as gallery:
        say("search, ms", 1000 * typical(lambda: gallery.search(probes[0], 20)))
        say("of 16, each, ms", 1000 * typical(lambda: together(gallery, probes)) / TOGETHER)
        say("decide, ms", 1000 * statistics.median(decided(gallery)))


def search(version: ModelVersion) -> int:
    with memory.current(version) as gallery:
        return gallery.search(unit(np.ones((1, SIZE)))[0])[0].person


def together(gallery: Any, probes: Any) -> Any:
    if hasattr(gallery, "search_all"):
        return gallery.search_all(probes, 20)
    return [gallery.search(probe, 20) for probe in probes]


def decided(gallery: Any) -> Iterator[float]:
    """Each of somebody else, of whom nothing is remembered."""
    calibration = Calibration.load(Path("ml/versions/sface-calibration.json"))
    for probe in vectors(np.random.default_rng(9), TIMES):
        yield seconds(lambda: identify(probe, gallery, calibration, Policy(0.01)))  # noqa: B023


def typical(action: Callable[[], object]) -> float:
    return statistics.median(seconds(action) for _ in range(TIMES))


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def say(what: str, value: float) -> None:
    sys.stdout.write(f"{what:20} {value:12,.2f}\n")
    sys.stdout.flush()


def newcomer() -> Any:
    return vectors(np.random.default_rng(10), 1)[0]


def wait() -> None:
    """For somebody to be enrolled by the other process."""
    version = ModelVersion.objects.get()
    search(version)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        with memory.current(version) as gallery:
            if gallery.search(newcomer(), 1)[0].similarity > 0.99:
                break
        time.sleep(0.01)
    sys.stdout.write(f"{time.time()}\n")


def add() -> None:
    started, version = time.time(), ModelVersion.objects.get()
    with memory.changing() as changes:
        person = Person.objects.create(name=NEWCOMER)
        new = face(None, person.pk)
        new.save()
        Template.objects.create(face=new, model_version=version, embedding=newcomer().tobytes())
        changes.added(new.pk, person.pk)
    sys.stdout.write(f"{started} {time.time()}\n")


def take_back() -> None:
    person = Person.objects.get(name=NEWCOMER)
    with memory.changing() as changes:
        changes.removed([(person.faces.get().pk, person.pk)])
        person.delete()


def step(name: str, checkout: str, site: Path, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, more.get("script", __file__), STEP, name, *more.get("given", ())]
    place = {**os.environ, "DATA_DIR": str(site), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603
        command, cwd=checkout, env=place, text=True, stdout=more.get("stdout")
    )


def measure(checkout: str, site: Path) -> None:
    sys.stdout.write(f"{checkout}\n")
    sys.stdout.flush()
    step("ask", checkout, site).wait()
    waiting = step("wait", checkout, site, stdout=subprocess.PIPE)
    next(iter(waiting.stdout or ()))  # it has the gallery, and looks
    adding = step("add", checkout, site, stdout=subprocess.PIPE)
    began, ended = map(float, adding.communicate()[0].split())
    found = float(waiting.communicate()[0])
    say("add somebody, ms", 1000 * (ended - began))
    say("until found, ms", 1000 * (found - ended))
    step("take_back", checkout, site).wait()


def main(count: int, checkouts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Path(os.environ.get("SITE", folder)) / f"{count}-{PHOTOS}"
        if not site.exists():
            site.mkdir(parents=True)
            step("make", str(ROOT), site, given=[str(count)]).wait()
        for checkout in checkouts:
            shutil.rmtree(site / "gallery", ignore_errors=True)
            measure(checkout, site)
            measure(checkout, site)


STEPS: dict[str, Callable[..., None]] = {
    "make": lambda: make(int(sys.argv[3])),
    "ask": ask,
    "wait": wait,
    "add": add,
    "take_back": take_back,
}

if __name__ == "__main__":
    if STEP in sys.argv:
        STEPS[sys.argv[2]]()
    else:
        main(int(sys.argv[1]), sys.argv[2:] or [str(ROOT)])
