"""The memory of a worker that has seen many photos of different sizes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import cv2
import numpy as np
import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ml import imaging
from ml.openvino_core import core
from ml.types import Image
from tests.sites import ROOT, Site, Visitor, wait_for

PHOTOS = 2000
AT_ONCE = 20
LIMIT_MB = 420
FLOAT32_MB = 30
"""So much more it takes on a processor that does not compute in bfloat16."""
WAIT_SECONDS = 300
"""For those at once: others may be using the machine."""


def varied(photo: Image, random: np.random.Generator) -> bytes:
    """A part of a photo, in a random size: one in ten lies on its side, one in fifty is
    so large that it is looked at in parts."""
    height, width = photo.shape[:2]
    rows, columns = (int(side * random.uniform(0.5, 1)) for side in (height, width))
    top, left = random.integers(height - rows), random.integers(width - columns)
    part = photo[top : top + rows, left : left + columns]
    large = random.random() < 0.02
    long_side = random.uniform(2600, 4000) if large else np.exp(random.uniform(5.3, 7.3))
    scale = long_side / max(rows, columns)
    sized = np.asarray(cv2.resize(part, None, fx=scale, fy=scale), np.uint8)
    return imaging.encode_jpeg(np.rot90(sized) if random.random() < 0.1 else sized)


def unfinished(site: Site) -> int:
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3", timeout=20)) as database:
        rows = "SELECT count(*) FROM recognition_identification WHERE status != 'done'"
        return int(database.execute(rows).fetchone()[0])


def answering(site: Site) -> psutil.Process:
    """The worker's process that answers; its parent only receives the tasks."""
    children: list[psutil.Process] = wait_for(psutil.Process(site.pid_of("worker")).children)
    (child,) = children
    return child


@pytest.mark.long
def test_a_worker_stays_small_whatever_sizes_photos_have(make_site: Callable[..., Site]) -> None:
    random = np.random.default_rng(0)
    files = sorted((ROOT / "demo" / "photos").rglob("*.jpg"))
    photos = [imaging.decode(file.read_bytes()) for file in files]
    site = make_site(FACESITE_PHOTOS_PER_HOUR=str(PHOTOS)).start()
    worker = answering(site)
    site.make_user("visitor", "user")
    visitor = Visitor(site)
    visitor.login("visitor")
    for first in range(0, PHOTOS, AT_ONCE):
        numbers = range(first, first + AT_ONCE)
        batch = [varied(photos[random.integers(len(photos))], random) for _ in numbers]
        named = zip(numbers, batch, strict=True)
        sent = [SimpleUploadedFile(f"{number}.jpg", data) for number, data in named]
        assert visitor.post("/", {"photos": sent}).status == 200
        wait_for(lambda: not unfinished(site), WAIT_SECONDS)
    assert worker == answering(site)
    megabytes = worker.memory_info().rss / 2**20
    print(f"{megabytes:.0f} MB after {PHOTOS:,} photos")
    site.close()
    halves = "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    assert megabytes <= LIMIT_MB + (0 if halves else FLOAT32_MB)
