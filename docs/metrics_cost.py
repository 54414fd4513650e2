"""What a scrape costs on a large site: `python docs/metrics_cost.py [ROWS]`.

A database in a temporary folder gets so many answered photos, enrolments and enrolled faces with
templates, and a broker the counts of every route. No part of the product: nothing imports it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from list_costs import BATCH, FOLDER, fill, measure

# isort: split
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from facesite import counting
from recognition.management.commands.up import broker_command
from recognition.models import EnrolledFace, Enrolment, ModelVersion, Person, Template, User
from recognition.services.site import metrics

TRIES = 21
ROUTES = 200


def enrol(rows: int) -> None:
    """Five photos a person."""
    version, now = ModelVersion.objects.get(), timezone.now()
    people = [one for one in Person.objects.all()[: rows // 5] for _ in range(5)]
    faces = EnrolledFace.objects.bulk_create(
        (
            EnrolledFace(person=one, photo_digest=str(number), box=[0, 0, 1, 1], quality=0.9)
            for number, one in enumerate(people)
        ),
        BATCH,
    )
    Template.objects.bulk_create(
        (Template(face=face, model_version=version, embedding=bytes(512)) for face in faces), BATCH
    )
    Enrolment.objects.bulk_create(
        (Enrolment(person=one, status="done", finished_at=now) for one in people), BATCH
    )


def count() -> None:
    for route in range(ROUTES):
        for seconds in counting.REQUEST_SECONDS.bounds:
            counting.REQUEST_SECONDS.add(f"route_{route}", seconds=seconds)
        for status in ("2xx", "3xx", "4xx"):
            counting.REQUESTS.add(f"route_{route}", "GET", status)
    counting.hand_over()


def timed(name: str, do: Callable[[], object]) -> None:
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        do()
        times.append((time.perf_counter() - started) * 1000)
    print(f"{name:40} {statistics.median(times):6.1f} ms, longest {max(times):6.1f} ms")


def main(rows: int) -> None:
    call_command("migrate", verbosity=0)
    user = User.objects.create_superuser("somebody", password="somebody")  # noqa: S106
    fill(user, rows, rows // 5)
    enrol(rows)
    count()
    with CaptureQueriesContext(connection) as asked:
        list(metrics.stored())
    print(f"{len(asked)} queries")
    timed("what the database says", lambda: list(metrics.stored()))
    timed("what all have counted", counting.totals)
    print(measure(Client(), "/metrics"))


if __name__ == "__main__":
    with FOLDER, subprocess.Popen(broker_command()) as server:  # noqa: S603
        try:
            while not settings.BROKER_SOCKET.exists():
                time.sleep(0.05)
            main(int(next(iter(sys.argv[1:]), 50_000)))
        finally:
            server.terminate()
