"""Memory and time that decoding may take, whoever made the photo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image as Pillow

from ml import bounded, imaging
from ml.errors import DamagedImage, ImageTooCostly, ImageTooLarge, UnreadableImage
from tests.ml.pictures import (
    KINDS,
    PHOTOS,
    REPOSITORY,
    UPRIGHT,
    assert_close,
    bomb,
    encoded,
    exif,
    quarters,
    with_scans,
    with_size,
)
from tests.sites import python

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = psutil.Process().children()
    yield
    assert set(psutil.Process().children()) <= set(before)  # some of another test may end meanwhile


@pytest.mark.parametrize("at_hand", [0, bounded.AT_HAND])
@pytest.mark.parametrize("kind", KINDS)
def test_photos_are_decoded_as_ever(
    kind: str, at_hand: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "AT_HAND", at_hand)
    image = bounded.decode(PHOTOS[kind])
    assert np.array_equal(image, imaging.decode(PHOTOS[kind]))
    assert image.flags.c_contiguous
    assert not image.flags.writeable


def test_a_turned_photo_comes_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "AT_HAND", 0)
    image = bounded.decode(encoded(quarters(), "JPEG", exif=exif(6)))
    assert_close(image, UPRIGHT[6](np.asarray(quarters())))


def test_photos_are_decoded_by_several_threads_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        for image in threads.map(bounded.decode, list(PHOTOS.values()) * 4):
            assert_close(image, np.asarray(quarters()))


def test_what_is_wrong_with_a_photo_is_told() -> None:
    with pytest.raises(UnreadableImage):
        bounded.decode(b"no photo")
    with pytest.raises(DamagedImage):
        bounded.decode(encoded(quarters((640, 480)), "JPEG")[:-400])
    with pytest.raises(DamagedImage):
        bounded.decode(encoded(quarters((640, 480)), "AVIF")[:-400])
    with pytest.raises(ImageTooLarge) as error:
        bounded.decode(with_size("PNG", 16_000, 12_000))
    assert error.value.actual == 192_000_000


WITHIN = """
import sys
from pathlib import Path
from ml import bounded
from ml.errors import ImageTooCostly

bounded.MAX_MEMORY = int(sys.argv[2])
try:
    print(bounded.decode(Path(sys.argv[1]).read_bytes()).shape)
except ImageTooCostly:
    print("too costly")
"""


def test_what_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    """In a fresh process: one that has worked has memory to spare, which costs nothing more."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(bomb(5000, 5000))

    def within(memory: int) -> str:
        return python("-c", WITHIN, str(photo), str(memory)).stdout.strip()

    assert within(bounded.MAX_MEMORY) == "(5000, 5000, 3)"
    assert within(50 * 2**20) == "too costly"


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A photo that takes the better part of a minute to decode, and that its header lets pass."""
    monkeypatch.setattr(imaging, "MAX_PASSED_PIXELS", 10**12)
    return with_scans(5000, 5000, 4000)


def test_what_takes_too_much_time_is_refused(
    endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "MAX_SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(ImageTooCostly):
        bounded.decode(endless)
    assert time.monotonic() - start < 10


def test_a_time_limit_of_the_caller_ends_the_decoding_too(endless: bytes) -> None:
    def out_of_time(_signal: int, _frame: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeoutError):
            bounded.decode(endless)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # it must not come when nobody listens any more
        signal.signal(signal.SIGALRM, previous)


def test_a_decoder_that_crashes_takes_nobody_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imaging, "decode", lambda *_, **__: os.kill(os.getpid(), signal.SIGTRAP))
    with pytest.raises(DamagedImage):
        bounded.decode(PHOTOS["HEIF"])


MEASURE = """
import resource, sys
from ml import bounded
data = open(sys.argv[1], "rb").read()
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
image = bounded.decode(data)
for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF):
    print((resource.getrusage(who).ru_maxrss - idle) / 1024)
print(image.shape[0] * image.shape[1])
"""


def megabytes(photo: Path) -> tuple[float, float, int]:
    """Taken for a photo by the process that decodes it, and by the one that asks; its pixels."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, photo],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    child, own, pixels = run.stdout.split()
    return float(child), float(own), int(pixels)


def test_the_largest_photo_is_decoded_within_its_memory(tmp_path: Path) -> None:
    picture = Pillow.new("RGB", (10_000, 10_000), "orange")
    picture.save(tmp_path / "100mp.jpg", quality=50)
    child, own, pixels = megabytes(tmp_path / "100mp.jpg")
    assert child < 250
    assert own < 20
    assert pixels == 25_000_000


LARGEST: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {
    "JPEG": ((9280, 6944), {}),
    "progressive": ((8064, 6048), {"progressive": True}),
    "progressive, full colour": ((8300, 6000), {"progressive": True, "subsampling": 0}),
    "PNG": ((9280, 6944), {}),
    "WEBP": ((5000, 5000), {"method": 0}),
    "HEIF": ((9280, 6944), {}),
    "AVIF": ((7200, 5400), {"speed": 10}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_of_every_kind_stays_within_400_megabytes(name: str, tmp_path: Path) -> None:
    size, options = LARGEST[name]
    kind = "JPEG" if "progressive" in name else name
    noise = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Pillow.fromarray(noise).resize(size, Pillow.Resampling.BICUBIC)
    picture.save(tmp_path / "photo", kind, **options)
    child, own, pixels = megabytes(tmp_path / "photo")
    assert child < 400
    assert own < 20
    assert pixels <= imaging.KEPT_PIXELS
