"""What pages of a large gallery take: `python docs/gallery_cost.py [PEOPLE] [CHECKOUT…]`.

So many people with three photos each, and three answered photos of each. Of every checkout, which
may be an older one of this code, a process of its own makes a site and asks it in turn. No part of
the product: nothing imports it.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = "--here"
if HERE in sys.argv:
    sys.path.insert(0, str(Path.cwd()))
    os.environ |= {"DJANGO_SETTINGS_MODULE": "facesite.settings"}

    import django

    django.setup()

    import numpy as np
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from ml.artifact import CALIBRATION
    from recognition.models import (
        Consent,
        ConsentText,
        EnrolledFace,
        Identification,
        ModelVersion,
        Person,
        ProbeFace,
        Template,
        User,
    )
    from recognition.services.gallery import memory
    from recognition.services.versions import registry

    try:
        from recognition.services.gallery import looking
    except ImportError:  # of an older checkout
        looking = None  # type: ignore[assignment]

PHOTOS, ANSWERS, BATCH, TIMES, SIZE = 3, 3, 1000, 9, 128
LOOK = {"x": 0, "y": 0, "width": 1, "height": 1, "landmarks": [], "score": 1, "quality": 1}
ADDRESSES = (
    "/people/",
    "/people/?page=100",
    "/people/?q=Person+77",
    "/people/?sort=photos",
    "/people/?sort=seen",
    "/people/?sort=added",
    "/people/?consent=training&seen=seen_lately&photos=several_photos",
)


def people(count: int) -> list[Person]:
    """With their consent, every other one of them."""
    made = Person.objects.bulk_create(
        (Person(name=f"Person {number}") for number in range(count)), BATCH
    )
    text = ConsentText.objects.latest("number")
    Consent.objects.bulk_create(
        (
            Consent(person=one, purpose=purpose, text=text, how="paper")
            for one in made[::2]
            for purpose in ("recognition", "training")
        ),
        BATCH,
    )
    return made


def gallery(people: list[Person]) -> None:
    version = ModelVersion.objects.create(
        name="drawn", digest="0" * 64, embedding_size=SIZE, state="active"
    )
    drawn = np.random.default_rng(7)
    faces = EnrolledFace.objects.bulk_create(
        (
            EnrolledFace(
                person=one,
                photo_digest=f"{one.pk}-{photo}",
                filename=f"{photo}.jpg",
                crop="crops/none.png",
                portrait="portraits/none.jpg",
                box=[0, 0, 1, 1],
                quality=0.9,
            )
            for one in people
            for photo in range(PHOTOS)
        ),
        BATCH,
    )
    centres = drawn.normal(size=(len(people), SIZE))
    own = np.repeat(centres, PHOTOS, axis=0) + drawn.normal(size=(len(faces), SIZE)) * 0.7
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    Template.objects.bulk_create(
        (
            Template(face=face, model_version=version, embedding=row.astype("<f4").tobytes())
            for face, row in zip(faces, own, strict=True)
        ),
        BATCH,
    )


def answers(people: list[Person], user: User) -> None:
    now = timezone.now()
    for turn in range(ANSWERS):
        rows = Identification.objects.bulk_create(
            (
                Identification(
                    user=user,
                    filename="asked.jpg",
                    status="done",
                    created_at=now - dt.timedelta(minutes=turn * len(people) + number),
                )
                for number in range(len(people))
            ),
            BATCH,
        )
        ProbeFace.objects.bulk_create(
            (
                ProbeFace(
                    **LOOK,
                    identification=row,
                    index=0,
                    embedding=bytes(4 * SIZE),
                    decision="match",
                    person=one,
                    probability=0.9,
                    threshold=0.5,
                )
                for row, one in zip(rows, people, strict=True)
            ),
            BATCH,
        )


def ask(client: Client, address: str) -> str:
    """Median of the server's time, of the processor's in it, and how many queries that were."""
    spent, worked = [], []
    for _ in range(TIMES):
        started, began = time.perf_counter(), time.thread_time()
        status = client.get(address).status_code
        spent.append(time.perf_counter() - started)
        worked.append(time.thread_time() - began)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    wall, cpu = (statistics.median(times) * 1000 for times in (spent, worked))
    return f"{address:52} {status} {wall:7.1f} ms ({cpu:5.1f}) {len(captured):3} queries"


def look_over() -> str:
    """What looking at the gallery takes, if this code does that."""
    started, began = time.perf_counter(), time.thread_time()
    seen = looking.look_over()
    wall, cpu = time.perf_counter() - started, time.thread_time() - began
    return f"looked at {seen:,} people: {wall:.1f} s ({cpu:.1f})"


def change_one() -> None:
    with memory.changing() as changes:
        changes.again(EnrolledFace.objects.values_list("pk", "person_id")[:PHOTOS])


def measure(count: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    settings.ALLOWED_HOSTS = ["*"]
    user = User.objects.create_superuser("somebody")
    there = people(count)
    gallery(there)
    answers(there, user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(user)
    for address in ADDRESSES:
        sys.stdout.write(f"{ask(client, address)}\n")
    if looking is not None:
        folder = registry.folder(ModelVersion.objects.get())
        folder.mkdir(parents=True)
        shutil.copy(ROOT / "ml" / "versions" / "sface-calibration.json", folder / CALIBRATION)
        sys.stdout.write(f"{look_over()}\n")
        change_one()
        sys.stdout.write(f"{look_over()}\n")
        sys.stdout.write(f"{ask(client, '/people/to-look-at/')}\n")


def main(count: int, checkouts: list[str]) -> None:
    for checkout in checkouts:
        sys.stdout.write(f"{checkout}: {count:,} people\n")
        sys.stdout.flush()
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, HERE, str(count)]
            place = {**os.environ, "DATA_DIR": folder}
            subprocess.run(command, cwd=checkout, env=place, check=True)  # noqa: S603


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != HERE]
    number = int(given[0]) if given else 10_000
    measure(number) if HERE in sys.argv else main(number, given[1:] or [str(ROOT)])
