"""Photos in every format, made for the tests, and what an honest reader makes of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image as Pillow

from ml.types import Image

pillow_heif.register_heif_opener()  # for making files; ml.imaging itself never registers readers

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255,) * 3, (0,) * 3
REPOSITORY = Path(__file__).resolve().parents[2]


def encoded(picture: Pillow.Image, kind: str, **options: Any) -> bytes:
    """`picture` as a file, as exactly as its format can keep it."""
    exact: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "MPO": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
        "HEIF": {"quality": -1, "chroma": 444, "matrix_coefficients": 0},
        "AVIF": {"quality": 100, "subsampling": "4:4:4", "speed": 10},
    }
    buffer = BytesIO()
    picture.save(buffer, kind, **exact.get(kind, {}), **options)
    return buffer.getvalue()


def quarters(size: tuple[int, int] = (64, 32)) -> Pillow.Image:
    """Red and green above, blue and white below: no turn or mirror image of it is itself."""
    width, height = size
    picture = Pillow.new("RGB", size, WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def assert_close(image: Image, expected: Image, tolerance: int = 3) -> None:
    assert image.shape == expected.shape
    assert int(np.abs(image.astype(int) - expected.astype(int)).max()) <= tolerance


def colour(image: Image) -> tuple[int, int, int]:
    red, green, blue = (round(float(v)) for v in image.reshape(-1, 3).mean(axis=0))
    return red, green, blue


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*parts, chunk(b"IEND", b"")])


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def exif(orientation: int) -> bytes:
    tags = Pillow.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


KINDS = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "HEIF": "HEIC", "AVIF": "AVIF"}
PHOTOS = {kind: encoded(quarters(), kind) for kind in KINDS}

UPRIGHT: dict[int, Callable[[Image], Image]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored.transpose(1, 0, 2)[:, ::-1],
    7: lambda stored: stored.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda stored: stored.transpose(1, 0, 2)[::-1],
}


def with_size(kind: str, width: int, height: int) -> bytes:
    """A real photo whose header claims another size; the pixels behind it stay few."""
    data = bytearray(PHOTOS[kind])
    match kind:
        case "PNG":
            data[16:24] = struct.pack(">II", width, height)
            data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        case "JPEG":
            start = data.index(b"\xff\xc0") + 5
            data[start : start + 4] = struct.pack(">HH", height, width)
        case "WEBP":
            bits = (width - 1) | (height - 1) << 14
            data[21:25] = struct.pack("<I", bits | (data[24] & 0xF0) << 24)
        case "HEIF" | "AVIF":
            # In the HEIC, cropped back to a stamp (`clap`), which fools whoever asks the decoder.
            start = data.index(b"ispe") + 8
            data[start : start + 8] = struct.pack(">II", width, height)
    return bytes(data)


def with_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG in one colour with this many scans more, all without anything in them."""
    data = encoded(Pillow.new("RGB", (width, height), RED), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    header = data[last : last + 2 + data[last + 3]]
    return data[:-2] + header * scans + data[-2:]


def bomb(width: int, height: int, *after: bytes) -> bytes:
    """A PNG of a hundred kilobytes that becomes four bytes for each of its pixels."""
    rows = zlib.compressobj(9)
    packed = [rows.compress(bytes(1 + 4 * width)) for _ in range(height)]
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = chunk(b"IDAT", b"".join([*packed, rows.flush()]))
    parts = [chunk(b"IHDR", header), pixels, *after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
