"""A photo's bytes, from anybody, to an upright RGB array; and arrays back to bytes.

Only five formats are tried, each by its own reader, never by guessing among everything that Pillow
can open. What decoding will cost is read from the header and checked before a pixel is decoded.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final, NamedTuple

import numpy as np
import pillow_heif
from PIL import (
    AvifImagePlugin,
    ExifTags,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as Pillow

from ml import headers
from ml.colours import to_srgb
from ml.errors import CutShort, DamagedImage, ImageTooCostly, ImageTooLarge, PhotoRejected
from ml.headers import Format, PhotoInfo
from ml.types import Image

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif"})

MAX_BYTES: Final = 30 * 1024 * 1024
MAX_PIXELS: Final = 100_000_000
MAX_SIDE: Final = 32_000
"""Panoramas of phones have up to 20,000. One of 1 × 25 million pixels costs 715 MB."""
MAX_PASSED_PIXELS: Final = 1_000_000_000
"""The pixels of a JPEG times its scans, of which encoders make 10. Going over so many takes .64 s
even where a scan is empty."""
KEPT_PIXELS: Final = 25_000_000
"""What is left of a larger photo: all of what most phones take, so that small faces stay."""
MIN_SHARE: Final = 0.5
"""Of the rows of a JPEG that ends too early: one with fewer is not used."""

# What each format may have: so many that decoding stays within 400 MB. Measured, bytes a pixel:
# JPEG and PNG 4, HEIC 5, AVIF 9, WebP 16.
_MAX_PIXELS: Final[dict[Format, int]] = {
    "JPEG": MAX_PIXELS,
    "PNG": 65_000_000,
    "HEIC": 65_000_000,
    "AVIF": 40_000_000,
    "WebP": 25_000_000,
}
_WHOLE: Final = 65_000_000
"""A JPEG with more pixels is decoded at half its width and height, at 1 byte a pixel."""
_COEFFICIENTS_AND_PIXELS: Final = 350_000_000
"""Bytes that a buffered JPEG may take: one that would take more is halved, or else refused."""

_READERS: dict[Format, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}
_AS_STORED: dict[int, Callable[[Image], Image]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: upright[:, ::-1].transpose(1, 0, 2),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: upright[::-1].transpose(1, 0, 2),
}
"""By EXIF orientation (CIPA DC-008, tag 274), an upright photo seen as it lies in its file."""
_STRIP: Final = 256
"""Rows that are brought to 8 bits, RGB, sRGB and their size at a time: the photo as a whole would
be in memory once more for each of these steps."""
_MISSING: Final = 128
"""In all channels: what a decoder gives for blocks that are not in the file (T.81, A.3.1)."""
_MARGIN: Final = 4
"""Rows above and below a strip that its own rows depend on when it is made smaller."""

# Process-wide on purpose: `warnings.catch_warnings` is not safe in a process with threads.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.simplefilter("error", Pillow.DecompressionBombWarning)
# Nobody looks at these, so no stranger's file gets to have them parsed.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


class _Picture(NamedTuple):
    """A decoded photo as it lies in its file: `rows(a, b)` are its rows a to b."""

    width: int
    height: int
    orientation: int
    rows: Callable[[int, int], Pillow.Image]


def inspect(data: bytes) -> PhotoInfo:
    """Read format and size from the header alone, and check all that it tells about the cost.

    Raises:
        UnreadableImage: none of the five formats, or (`EmptyFile`) nothing at all.
        DamagedImage: the header is damaged, or (`CutShort`) the file ends within it.
        ImageTooLarge: over `MAX_BYTES`, `MAX_SIDE`, or the pixels that its format may have.
        ImageTooCostly: stored in more scans or parts than any ordinary photo.
    """
    if len(data) > MAX_BYTES:
        raise ImageTooLarge(limit=MAX_BYTES, actual=len(data), unit="bytes")
    info = headers.read(data)
    limit = min(_MAX_PIXELS[info.format], int(_COEFFICIENTS_AND_PIXELS / (1 + info.buffered)))
    if info.pixels > limit:
        raise ImageTooLarge(limit=limit, actual=info.pixels, unit="pixels")
    if (side := max(info.width, info.height)) > MAX_SIDE:
        raise ImageTooLarge(limit=MAX_SIDE, actual=side, unit="side")
    if info.pixels * info.passes > MAX_PASSED_PIXELS:
        raise ImageTooCostly(f"{info.passes:,} scans of {info.pixels:,} pixels")
    return info


def decode(data: bytes, buffer: memoryview | None = None, *, partial: bool = False) -> Image:
    """Decode a JPEG, PNG, WebP, HEIC or AVIF photo.

    Returns its first picture (in HEIC and AVIF: the primary one) as RGB uint8 of shape (H, W, 3),
    0..255, C-contiguous and read-only: in sRGB, upright by EXIF orientation, and with anything
    transparent laid over white. A photo of more than `KEPT_PIXELS` is made smaller to that many
    (a JPEG that would be too large for the memory to half its width and height first): the array's
    size is the size of the photo from there on, and boxes are in its pixels.

    Lies in `buffer`, where one is given, which must have room for 3 · `KEPT_PIXELS` bytes.

    With `partial`, a JPEG that ends too early (`PhotoInfo.cut_short`) is decoded as far as it goes,
    if that is `MIN_SHARE` of its rows or more; the others are grey.

    Raises:
        PhotoRejected: as `inspect`; nothing has been decoded then. `DamagedImage` also for what
            only shows while decoding.
        CutShort: too little of the photo is there, though `partial`.
    """
    info = inspect(data)
    with _only_our_errors():
        if partial and info.cut_short:
            picture = _as_far_as_it_goes(info, data)
        else:
            picture = _heic(data) if info.format == "HEIC" else _opened(info, data)
        return _upright(picture, buffer)


def encode_jpeg(image: Image, *, long_side: int | None = None, quality: int = 88) -> bytes:
    """Encode RGB uint8 (H, W, 3) as JPEG, made smaller (never larger) to `long_side` pixels."""
    picture = Pillow.fromarray(np.ascontiguousarray(image))
    if long_side is not None:
        picture.thumbnail((long_side, long_side), Pillow.Resampling.LANCZOS)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_png(image: Image) -> bytes:
    """Encode RGB uint8 (H, W, 3) as PNG, every pixel kept. A crop takes a quarter of the time, and
    an eighth more bytes, than at the format's usual level."""
    buffer = BytesIO()
    Pillow.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@contextmanager
def _only_our_errors() -> Iterator[None]:
    """Damaged files make the readers raise nearly anything; callers get to see few errors."""
    try:
        yield
    except (PhotoRejected, MemoryError):  # out of memory says nothing about the photo
        raise
    except Exception as error:
        raise DamagedImage(f"damaged or cut short: {error}") from error


def _opened(info: PhotoInfo, data: bytes) -> _Picture:
    photo = _READERS[info.format](BytesIO(data))
    if photo.width * photo.height > info.pixels:
        raise DamagedImage("the picture is larger than its header says")
    if info.format == "JPEG" and info.pixels > min(
        _WHOLE, _COEFFICIENTS_AND_PIXELS / (4 + info.buffered)
    ):
        photo.draft(None, (photo.width // 2, photo.height // 2))
    photo.load()

    def rows(first: int, last: int) -> Pillow.Image:
        return photo.crop((0, first, photo.width, last))

    return _Picture(*photo.size, _orientation(photo), rows)


def _as_far_as_it_goes(info: PhotoInfo, data: bytes) -> _Picture:
    """Once the decoder has come upon an end, it fills up what it misses."""
    picture = _opened(info, headers.ended(data))
    if _rows_there(picture) < MIN_SHARE * picture.height:
        raise CutShort("less than half of the picture is there")
    return picture


def _rows_there(picture: _Picture) -> int:
    """Down to the last one that is not all grey, in the mean over its pixels."""
    tops = range(0, picture.height, _STRIP)
    strips = (picture.rows(top, min(top + _STRIP, picture.height)) for top in tops)
    means = [np.asarray(strip.resize((1, strip.height), Pillow.Resampling.BOX)) for strip in strips]
    column = np.concatenate(means).reshape(picture.height, -1)
    return int(np.flatnonzero((column != _MISSING).any(axis=1)).max(initial=-1)) + 1


def _heic(data: bytes) -> _Picture:
    """Turned by the decoder already, which the standard asks of it. Pillow's reader would hold the
    pixels once more, at four bytes each: half as much again for a photo of 50 megapixels."""
    file = pillow_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=True, remove_stride=False)
    photo = file[file.primary_index]
    pixels, stride = memoryview(photo.data), photo.stride
    width, height = photo.size  # only known for certain once it is decoded

    def rows(first: int, last: int) -> Pillow.Image:
        part = pixels[first * stride : last * stride]
        strip = Pillow.frombytes(photo.mode, (width, last - first), part, "raw", photo.mode, stride)
        strip.info["icc_profile"] = photo.info.get("icc_profile")
        return strip

    return _Picture(width, height, 1, rows)


def _upright(picture: _Picture, buffer: memoryview | None) -> Image:
    scale = min(1.0, math.sqrt(KEPT_PIXELS / (picture.width * picture.height)))
    width, height = (max(1, int(side * scale)) for side in (picture.width, picture.height))
    turned = picture.orientation >= 5
    shape = (width, height, 3) if turned else (height, width, 3)
    upright: Image = np.ndarray(shape, np.uint8, buffer)
    stored = _AS_STORED[picture.orientation](upright)
    for top in range(0, height, _STRIP):
        rows = min(_STRIP, height - top)
        stored[top : top + rows] = np.asarray(_strip(picture, (width, height), top, rows))
    upright.flags.writeable = False
    return upright


def _strip(picture: _Picture, size: tuple[int, int], top: int, rows: int) -> Pillow.Image:
    """`rows` rows from `top` on of the picture in the wanted size."""
    width, height = size
    if size == (picture.width, picture.height):
        return to_srgb(picture.rows(top, top + rows))
    start, end = (row * picture.height / height for row in (top, top + rows))
    first = max(0, int(start) - _MARGIN)
    last = min(picture.height, math.ceil(end) + _MARGIN)
    around = to_srgb(picture.rows(first, last))
    box = (0, start - first, picture.width, end - first)
    return around.resize((width, rows), Pillow.Resampling.HAMMING, box)


def _orientation(photo: ImageFile.ImageFile) -> int:
    """The EXIF orientation 1..8; 1 (upright) when none can be read."""
    try:
        value = photo.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1  # as in every viewer, a damaged EXIF block does not spoil a photo
    return value if value in _AS_STORED else 1
