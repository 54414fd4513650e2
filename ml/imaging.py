"""A photo's bytes, from anybody, to an upright RGB array; and arrays back to bytes.

Only four formats are tried, each by its own reader, never by guessing among everything that Pillow
can open. The size is read from the header and checked before a single pixel is decoded.
"""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final, Literal

import numpy as np
import pillow_heif
from PIL import ExifTags, ImageCms, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL import Image as Pillow

from ml.errors import ImageTooLarge, PhotoRejected, UnreadableImage
from ml.types import Image

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})


MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000

Format = Literal["JPEG", "PNG", "WebP", "HEIC"]

_READERS: dict[Format, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "HEIC": pillow_heif.HeifImageFile,
}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
_8_BITS_OF_16 = ((np.arange(65536) + 128) // 257).astype(np.uint8)
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

# Process-wide on purpose: `warnings.catch_warnings` is not safe in a process with threads.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.simplefilter("error", Pillow.DecompressionBombWarning)
# Nobody looks at these, so no stranger's file gets to have them parsed.
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """What the header says: the format, and the size in pixels once the photo is upright."""

    format: Format
    width: int
    height: int


def inspect(data: bytes) -> PhotoInfo:
    """Read format and size from the header alone.

    Raises:
        UnreadableImage: none of the four formats, or a damaged header.
        ImageTooLarge: over `MAX_BYTES` or `MAX_PIXELS`.
    """
    with _only_our_errors():
        kind, photo = _open(data)
        width, height = photo.size
        if _orientation(kind, photo) >= 5:
            width, height = height, width
        return PhotoInfo(kind, width, height)


def decode(data: bytes) -> Image:
    """Decode a JPEG, PNG, WebP or HEIC photo.

    Returns its first picture (in HEIC: the primary one) as RGB uint8 of shape (H, W, 3), 0..255,
    C-contiguous and read-only: in sRGB, upright by EXIF tag 274 (CIPA DC-008), and with anything
    transparent laid over white.

    Raises:
        UnreadableImage: the bytes are no such photo, damaged or cut short.
        ImageTooLarge: over `MAX_BYTES` or `MAX_PIXELS`; nothing has been decoded then.
    """
    with _only_our_errors():
        kind, photo = _open(data)
        photo.load()
        rgb = _to_rgb(photo)
        turn = _TURNS.get(_orientation(kind, photo))
        return np.asarray(rgb if turn is None else rgb.transpose(turn))


def encode_jpeg(image: Image, *, long_side: int | None = None, quality: int = 88) -> bytes:
    """Encode RGB uint8 (H, W, 3) as JPEG, made smaller (never larger) to `long_side` pixels."""
    picture = Pillow.fromarray(np.ascontiguousarray(image))
    if long_side is not None:
        picture.thumbnail((long_side, long_side), Pillow.Resampling.LANCZOS)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_png(image: Image) -> bytes:
    """Encode RGB uint8 (H, W, 3) as PNG, every pixel kept."""
    buffer = BytesIO()
    Pillow.fromarray(np.ascontiguousarray(image)).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _only_our_errors() -> Iterator[None]:
    """Damaged files make the readers raise nearly anything; callers get to see two errors."""
    try:
        yield
    except (PhotoRejected, MemoryError):  # out of memory says nothing about the photo
        raise
    except Exception as error:
        raise UnreadableImage(f"damaged or cut short: {error}") from error


def _open(data: bytes) -> tuple[Format, ImageFile.ImageFile]:
    if len(data) > MAX_BYTES:
        raise ImageTooLarge(limit=MAX_BYTES, actual=len(data), unit="bytes")
    kind = _format(data)
    # Two readers are no guide to what decoding will take: Pillow's for WebP sets the whole canvas
    # aside as soon as it opens, and a HEIC header may crop (`clap`) a huge picture to a stamp.
    if kind == "WebP":
        _check_pixels(*_webp_canvas(data))
    elif kind == "HEIC":
        _check_pixels(*_largest_heic_picture(data))
    photo = _READERS[kind](BytesIO(data))
    _check_pixels(*photo.size)
    return kind, photo


def _format(data: bytes) -> Format:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return "HEIC"
    raise UnreadableImage("not a JPEG, PNG, WebP or HEIC photo")


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(limit=MAX_PIXELS, actual=width * height, unit="pixels")


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height by the three kinds of first chunk (RFC 9649, sections 2.5 to 2.7)."""

    def number(start: int, size: int) -> int:
        return int.from_bytes(data[start : start + size], "little")

    if data[12:16] == b"VP8X":
        return number(24, 3) + 1, number(27, 3) + 1
    if data[12:16] == b"VP8L" and data[20:21] == b"\x2f":
        return (number(21, 4) & 0x3FFF) + 1, (number(21, 4) >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return number(26, 2) & 0x3FFF, number(28, 2) & 0x3FFF
    raise UnreadableImage("a WebP file without a picture")


def _largest_heic_picture(data: bytes) -> tuple[int, int]:
    """Coded size of the largest picture, by the `ispe` boxes (ISO/IEC 23008-12, 6.5.3)."""
    places = [range(len(data))]
    for kind, preamble in ((b"meta", 4), (b"iprp", 0), (b"ipco", 0), (b"ispe", 4)):
        places = [inner for outer in places for inner in _boxes(data, outer, kind, preamble)]
    sizes = [struct.unpack_from(">II", data, place.start) for place in places]
    if not sizes:
        raise UnreadableImage("a HEIC file without a picture")
    width, height = max(sizes, key=math.prod)
    return width, height


def _boxes(data: bytes, outer: range, wanted: bytes, preamble: int) -> Iterator[range]:
    """Where the boxes called `wanted` have their contents (ISO/IEC 14496-12, 4.2)."""
    start = outer.start
    while start + 8 <= outer.stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            header, (size,) = 16, struct.unpack_from(">Q", data, start + 8)
        end = start + size if size else outer.stop
        if not start + header <= end <= outer.stop:
            return  # phones append things of their own to the last box
        if kind == wanted:
            yield range(start + header + preamble, end)
        start = end


def _orientation(kind: Format, photo: ImageFile.ImageFile) -> int:
    """The EXIF orientation 1..8 that is still to be applied; 1 (upright) when none can be read."""
    if kind == "HEIC":  # turned by the decoder already, which the standard asks of it
        return 1
    try:
        value = photo.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:
        return 1  # as in every viewer, a damaged EXIF block does not spoil a photo
    return value if value in _TURNS else 1


def _to_rgb(photo: Pillow.Image) -> Pillow.Image:
    profile = photo.info.get("icc_profile")
    if photo.mode.startswith("I;16"):
        photo = _to_8_bits(photo)
    elif photo.has_transparency_data:
        photo = _over_white(photo)
    elif photo.mode not in {"RGB", "CMYK"}:
        photo = photo.convert("RGB")
    transform = _transform_to_srgb(profile, photo.mode) if profile else None
    if transform is None:
        return photo.convert("RGB")
    return transform.apply(photo)


def _to_8_bits(photo: Pillow.Image) -> Pillow.Image:
    values = np.asarray(photo)
    grey = _8_BITS_OF_16[values]
    if (transparent := photo.info.get("transparency")) is not None:
        grey[values == transparent] = 255
    return Pillow.fromarray(grey).convert("RGB")


def _over_white(photo: Pillow.Image) -> Pillow.Image:
    photo = photo.convert("RGBA")
    white = Pillow.new("RGB", photo.size, "white")
    white.paste(photo, mask=photo.getchannel("A"))
    return white


@lru_cache(maxsize=4)
def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None for sRGB itself (most photos) and for a profile that is damaged or of another mode."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if (source.profile.profile_description or "").startswith("sRGB"):
            return None
        return ImageCms.ImageCmsTransform(source, _SRGB, mode, "RGB")
    except Exception:
        return None
