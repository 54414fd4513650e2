"""What encryption at rest costs: `python docs/encryption_cost.py`.

A photo from its upload to its answer and a picture as a page shows it, with and without in turn,
and a gallery as a worker loads it, in one process with the packaged networks; medians. No part of
the product: nothing imports it.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"DJANGO_SETTINGS_MODULE": "facesite.settings", "DATA_DIR": FOLDER.name}
os.environ |= {"FACESITE_ENCRYPT": "true", "FACESITE_PHOTOS_PER_HOUR": "100000"}

import django

django.setup()
logging.disable(logging.WARNING)  # there is no broker, and none is needed

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from ml.types import Floats
from recognition.models import EnrolledFace, Identification, ModelVersion, Person, Template, User
from recognition.services.gallery import memory
from recognition.services.identification import answering

PHOTOS = sorted((ROOT / "demo" / "photos" / "groups").glob("*.jpg"))
ROUNDS = 12
TEMPLATES = (10_000, 100_000)


def asked(user: User, turn: int) -> Identification:
    upload = SimpleUploadedFile("photo.jpg", PHOTOS[turn % len(PHOTOS)].read_bytes())
    row = answering.submit(user, [upload]).accepted[0]
    answering.process(row.pk)
    return Identification.objects.get(pk=row.pk)


def shown(row: Identification) -> bytes:
    return bytes(row.photo.storage.open(row.photo.name).read())


def enrol(people: int) -> None:
    """Random embeddings, as they are stored."""
    Template.objects.all().delete()
    Person.objects.filter(name__startswith="random").delete()
    version = ModelVersion.objects.get(state=ModelVersion.State.ACTIVE)
    vectors: Floats = np.random.default_rng(1).normal(size=(people, 128)).astype("<f4")
    owners = Person.objects.bulk_create(Person(name=f"random {n}") for n in range(people))
    faces = EnrolledFace.objects.bulk_create(
        EnrolledFace(person=owner, photo_digest=str(owner.pk), box=[], quality=1)
        for owner in owners
    )
    Template.objects.bulk_create(
        Template(face=face, model_version=version, embedding=vector.tobytes())
        for face, vector in zip(faces, vectors, strict=True)
    )


def loaded() -> None:
    memory._followed.clear()
    with memory.current(ModelVersion.objects.get(state=ModelVersion.State.ACTIVE)) as gallery:
        if not gallery.templates:
            raise SystemExit("Nothing was loaded.")


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def report(what: str, plain: list[float], sealed: list[float]) -> None:
    one, other = median(plain) * 1000, median(sealed) * 1000
    sys.stdout.write(f"{what:<36} {one:>9.2f} {other:>9.2f} {other / one:>7.2f}\n")


def alternating(
    work: Callable[[int], object], rounds: int = ROUNDS
) -> tuple[list[float], list[float]]:
    times: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(-1, rounds):
        for encrypt in (False, True):
            settings.ENCRYPT = encrypt
            spent = seconds(partial(work, turn))
            if turn >= 0:
                times[encrypt].append(spent)
    return times[False], times[True]


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("prepare", verbosity=0)
    user = User.objects.create_user("somebody")
    sys.stdout.write(f"{'ms, median':<36} {'plain':>9} {'sealed':>9} {'ratio':>7}\n")
    report("a photo, uploaded and answered", *alternating(lambda turn: asked(user, turn), 24))
    rows = {}
    for settings.ENCRYPT in (False, True):
        rows[settings.ENCRYPT] = asked(user, 0)
    report("a picture, read for a page", *alternating(lambda _: shown(rows[settings.ENCRYPT]), 200))
    for people in TEMPLATES:
        times = {}
        for settings.ENCRYPT in (False, True):
            enrol(people)
            times[settings.ENCRYPT] = [seconds(loaded) for _ in range(5)]
        report(f"a gallery of {people:,}, loaded", times[False], times[True])


if __name__ == "__main__":
    with FOLDER:
        main()
