"""What lists cost on a large site: `python docs/list_costs.py [PHOTOS [PEOPLE]]`.

A database in a temporary folder gets so many answered photos of one user, with a face each that
names one of so many people, and the pages are asked for as that user, who has every right. Files
are none: what is measured are rows, queries and pages, in processor time. No part of the product:
nothing imports it.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"DJANGO_SETTINGS_MODULE": "facesite.settings", "DATA_DIR": FOLDER.name}

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recognition.models import Candidate, Identification, ModelVersion, Person, ProbeFace, User

TRIES = 7
BATCH = 5000
LOOK = {"index": 0, "x": 0, "y": 0, "width": 90, "height": 90, "landmarks": [], "score": 1}
ANSWER = {"quality": 1, "threshold": 0.4, "embedding": bytes(512)}
ADDRESSES = (
    "/history/",
    "/history/?page=2000",
    "/history/?search=person+77",
    "/history/?search=person",
    "/history/?search=4242.jpg",
    "/history/?outcome=no_face",
    "/history/?outcome=match",
    "/dashboard/",
    "/admin/",
    "/admin/recognition/identification/",
    "/admin/recognition/identification/?q=person+77",
    "/admin/recognition/identification/?q=person",
    "/people/",
    "/people/?q=person+77",
    "/review/",
    "/review/grid/",
)


def fill(user: User, photos: int, people: int) -> None:
    names = Person.objects.bulk_create(Person(name=f"Person {n}") for n in range(people))
    version = ModelVersion.objects.create(name="v", digest="0" * 64, embedding_size=128)
    ModelVersion.objects.update(state="active")
    place = Path(FOLDER.name, "models", version.name)
    place.mkdir(parents=True)
    shutil.copyfile(ROOT / "ml" / "versions" / "sface-calibration.json", place / "calibration.json")
    for start in range(0, photos, BATCH):
        rows = Identification.objects.bulk_create(
            _photos(user, version, range(start, min(photos, start + BATCH)))
        )
        faces = ProbeFace.objects.bulk_create(_face(row, random.choice(names)) for row in rows)  # noqa: S311
        Candidate.objects.bulk_create(map(_candidate, faces))


def _photos(user: User, version: ModelVersion, numbers: range) -> Iterator[Identification]:
    now = timezone.now()
    for number in numbers:
        asked = now - timedelta(minutes=number)
        yield Identification(
            user=user,
            filename=f"{number}.jpg",
            status="done",
            created_at=asked,
            finished_at=asked,
            faces_found=1,
            model_version=version,
            timings={"total": 900 + number % 400},
        )


def _face(row: Identification, person: Person) -> ProbeFace:
    alike = random.gauss(0.6, 0.08)
    named = {"decision": "match", "person": person} if alike > 0.45 else {"decision": "unknown"}
    return ProbeFace(
        identification=row, probability=0.9, similarity=alike, **LOOK, **ANSWER, **named
    )


def _candidate(face: ProbeFace) -> Candidate:
    person = face.person_id or 1
    return Candidate(face=face, rank=0, person_id=person, similarity=0.6, probability=0.9)


def measure(client: Client, address: str) -> str:
    times = []
    for _ in range(TRIES):
        with CaptureQueriesContext(connection) as asked:
            started = time.process_time()
            response = client.get(address)
            times.append((time.process_time() - started) * 1000)
    size = len(response.content) / 1000
    told = f"{statistics.median(times):6.0f} ms {size:6.0f} kB {len(asked):4d} queries"
    return f"{address:40} {response.status_code} {told}"


def main(photos: int, people: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    user = User.objects.create_superuser("somebody", password="somebody")  # noqa: S106
    fill(user, photos, people)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    for address in ADDRESSES:
        print(measure(client, address))


if __name__ == "__main__":
    with FOLDER:
        main(*(int(given) for given in (*sys.argv[1:], 100_000, 10_000)[:2]))
