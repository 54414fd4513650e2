"""What headers tell, and what is refused by them before anything is decoded."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from ml import headers, imaging
from ml.errors import DamagedImage, ImageTooCostly, ImageTooLarge, PhotoRejected
from ml.headers import PhotoInfo
from tests.ml.pictures import (
    KINDS,
    PHOTOS,
    RED,
    REPOSITORY,
    bomb,
    chunk,
    encoded,
    exif,
    png,
    quarters,
    with_scans,
    with_size,
)

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the module's own filter

PIXELS = {"JPEG": 100, "PNG": 65, "WEBP": 25, "HEIF": 65, "AVIF": 40}
"""Megapixels that each format may have."""


class TestSize:
    @pytest.mark.parametrize("kind", KINDS)
    def test_format_and_size(self, kind: str) -> None:
        info = imaging.inspect(encoded(quarters((128, 64)), kind))
        assert (info.format, info.width, info.height) == (KINDS[kind], 128, 64)

    def test_the_size_is_that_of_the_file_before_the_photo_is_turned(self) -> None:
        assert imaging.inspect(encoded(quarters(), "JPEG", exif=exif(6))).width == 64

    @pytest.mark.parametrize("first", [b"VP8X", b"VP8 ", b"VP8L"])
    def test_every_kind_of_webp_tells_its_size(self, first: bytes) -> None:
        options: dict[str, dict[str, Any]] = {
            "VP8 ": {"lossless": False},
            "VP8X": {"exif": exif(1)},
            "VP8L": {},
        }
        buffer = BytesIO()
        quarters((70, 30)).save(buffer, "WEBP", **{"lossless": True, **options[first.decode()]})
        assert buffer.getvalue()[12:16] == first
        assert headers.read(buffer.getvalue()) == PhotoInfo("WebP", 70, 30)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF", "AVIF"])
    def test_a_picture_without_width_is_damaged(self, kind: str) -> None:
        with pytest.raises(DamagedImage):
            headers.read(with_size(kind, 0, 32))

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_cut_of_a_header_is_read_or_refused(self, kind: str) -> None:
        for length in range(len(PHOTOS[kind])):
            try:
                headers.read(PHOTOS[kind][:length])
            except PhotoRejected:
                continue


class TestScans:
    def test_a_plain_jpeg_has_one(self) -> None:
        info = headers.read(encoded(quarters(), "JPEG"))
        assert (info.passes, info.buffered) == (1, 0)

    def test_those_of_a_progressive_jpeg_are_counted(self) -> None:
        info = headers.read(encoded(quarters(), "JPEG", progressive=True))
        assert info.passes == 10
        assert headers.read(with_scans(64, 32, 500)).passes == 510

    @pytest.mark.parametrize(("subsampling", "each"), [("4:4:4", 6), ("4:2:2", 4), ("4:2:0", 3)])
    def test_coefficients_of_a_progressive_jpeg_are_counted(
        self, subsampling: str, each: float
    ) -> None:
        buffer = BytesIO()
        quarters().save(buffer, "JPEG", progressive=True, subsampling=subsampling)
        assert headers.read(buffer.getvalue()).buffered == each

    def test_a_jpeg_with_a_component_a_scan_is_buffered(self) -> None:
        data = bytearray(encoded(quarters(), "JPEG"))
        scan = data.index(b"\xff\xda")
        data[scan + 4] = 1
        assert headers.read(bytes(data)).buffered == 6

    def test_those_of_a_thumbnail_and_of_a_second_picture_are_not(self) -> None:
        small = encoded(quarters((16, 8)), "JPEG", progressive=True)
        data = encoded(quarters(), "JPEG", exif=b"Exif\0\0" + small) + small
        assert headers.read(data) == PhotoInfo("JPEG", 64, 32)


class TestLimits:
    @pytest.mark.parametrize("kind", KINDS)
    def test_pixels_are_counted_before_anything_is_decoded(self, kind: str) -> None:
        data = with_size(kind, 16000, 12000)
        for read in (imaging.inspect, imaging.decode):
            start = time.perf_counter()
            with pytest.raises(ImageTooLarge) as error:
                read(data)
            assert time.perf_counter() - start < 0.2
            assert (error.value.actual, error.value.unit) == (192_000_000, "pixels")
            assert error.value.limit == PIXELS[kind] * 1_000_000

    @pytest.mark.parametrize("kind", KINDS)
    def test_exactly_the_limit_is_allowed_and_a_row_more_is_not(self, kind: str) -> None:
        height = PIXELS[kind] * 100
        assert imaging.inspect(with_size(kind, 10_000, height)).pixels == PIXELS[kind] * 1_000_000
        with pytest.raises(ImageTooLarge):
            imaging.inspect(with_size(kind, 10_000, height + 1))

    def test_a_progressive_jpeg_in_full_colour_may_have_half_as_many_pixels(self) -> None:
        data = bytearray(encoded(quarters(), "JPEG", progressive=True))
        start = data.index(b"\xff\xc2") + 5
        data[start : start + 4] = struct.pack(">HH", 5001, 10_000)
        with pytest.raises(ImageTooLarge) as error:
            imaging.inspect(bytes(data))
        assert error.value.limit == 50_000_000

    @pytest.mark.parametrize("size", [(1, 24_999_999), (24_999_999, 1), (32_001, 100)])
    def test_no_side_may_be_longer_than_any_panorama(self, size: tuple[int, int]) -> None:
        with pytest.raises(ImageTooLarge) as error:
            imaging.inspect(with_size("PNG", *size))
        assert (error.value.unit, error.value.limit) == ("side", imaging.MAX_SIDE)
        assert error.value.actual == max(size)

    def test_a_panorama_is_allowed(self) -> None:
        assert imaging.inspect(with_size("JPEG", 20_000, 4_000)).width == 20_000

    def test_a_jpeg_of_thousands_of_scans_is_refused(self) -> None:
        data = with_scans(5000, 5000, 500)
        assert len(data) < 300_000
        for read in (imaging.inspect, imaging.decode):
            start = time.perf_counter()
            with pytest.raises(ImageTooCostly):
                read(data)
            assert time.perf_counter() - start < 0.5

    def test_the_scans_that_encoders_make_are_allowed_in_the_largest_photo(self) -> None:
        assert imaging.MAX_PASSED_PIXELS >= 10 * 50_000_000
        imaging.inspect(with_scans(3000, 2000, 100))

    def test_bytes_over_the_limit_are_not_even_looked_at(self) -> None:
        with pytest.raises(ImageTooLarge) as error:
            imaging.inspect(b"\0" * (imaging.MAX_BYTES + 1))
        assert (error.value.actual, error.value.unit) == (30 * 1024 * 1024 + 1, "bytes")
        assert error.value.limit == imaging.MAX_BYTES

    def test_a_webp_canvas_beyond_every_limit_is_refused(self) -> None:
        data = bytearray(encoded(quarters(), "WEBP", exif=exif(1)))
        data[24:30] = b"\xff" * 6
        with pytest.raises(ImageTooLarge) as error:
            imaging.decode(bytes(data))
        assert error.value.actual == 2**48

    def test_an_heic_that_holds_more_than_its_header_says_is_refused(self) -> None:
        data = bytearray(encoded(Pillow.new("RGB", (1200, 1000), RED), "HEIF"))
        start = data.index(b"ispe") + 8
        data[start : start + 8] = struct.pack(">II", 100, 100)
        with pytest.raises(PhotoRejected):
            imaging.decode(bytes(data))


EXIF = chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0"))
TEXT = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000)))
HOSTILE: dict[str, Callable[[], bytes]] = {
    "pixels before the EXIF block": lambda: bomb(5000, 5000, EXIF),
    "text": lambda: png(1, 1, 8, 0, b"\0\0", *[TEXT] * 60),
    "chunks": lambda: png(8, 8, 8, 0, bytes(72), *[chunk(b"tEXt", b"a\0")] * 2_000_000),
    "segments": lambda: PHOTOS["JPEG"][:2] + b"\xff\xe5\0\2" * 7_500_000 + PHOTOS["JPEG"][2:],
    "boxes": lambda: PHOTOS["HEIF"][:24] + b"\0\0\0\x08free" * 3_500_000,
    "nested boxes": lambda: (
        PHOTOS["HEIF"][:24]
        + (struct.pack(">I4sI", 12 + 8 * 15_000, b"meta", 0) + b"\0\0\0\x08free" * 15_000) * 200
    ),
}
MEASURE = """
import resource, sys, time
from ml import imaging
from ml.errors import PhotoRejected
data = open(sys.argv[1], "rb").read()
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    imaging.inspect(data)
except PhotoRejected:
    pass
spent = time.process_time() - start
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, spent)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_looking_at_a_header_takes_neither_memory_nor_time(name: str, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(HOSTILE[name]())
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "photo"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    kilobytes, seconds = map(float, run.stdout.split())
    assert kilobytes < 3_000
    assert seconds < 0.5
