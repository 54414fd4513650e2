"""What the header of a photo says, read from its bytes without decoding a pixel of it.

The readers of Pillow are no guide here: to find the EXIF block that follows the pixels of a PNG,
Pillow decodes them, for WebP it sets the whole canvas aside as soon as it opens, and a HEIC header
may crop (`clap`) a huge picture to a stamp.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ml.errors import CutShort, DamagedImage, EmptyFile, ImageTooCostly, UnreadableImage

Format = Literal["JPEG", "PNG", "WebP", "HEIC", "AVIF"]

MAX_PARTS: Final = 20_000
"""Segments, chunks or boxes that are looked at. Photos have dozens, the largest PNG 4,000."""

_MARKER = re.compile(rb"\xff([^\xff\x00\x01\xd0-\xd7])", re.DOTALL)
"""A JPEG marker that something follows: no stuffed byte, restart or TEM (ITU-T T.81, B.1.1). Of the
fill bytes before one only the last counts: searching for all of them takes twenty times as long."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}  # the last: of both
)


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """Format and size in pixels as stored: before EXIF turns the photo, and of the largest picture
    inside, where a file has several.

    `passes` is how often a decoder goes over all pixels: the scans of a JPEG. `buffered` is how
    many bytes a pixel the coefficients of a JPEG take, where all of them stay in memory until the
    last scan has been read, 0 where they do not: 3 with colour at half the size, 6 in full.
    `cut_short` says that the file of a JPEG ends before its end marker.
    """

    format: Format
    width: int
    height: int
    passes: int = 1
    buffered: float = 0
    cut_short: bool = False

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def read(data: bytes) -> PhotoInfo:
    """Read the header of a photo.

    Raises:
    UnreadableImage: none of the five formats, or (`EmptyFile`) nothing at all.
    CutShort: one of them by its first bytes, and the file ends before a size is found in it.
    DamagedImage: the same, though the file goes on.
    ImageTooCostly: more parts than any photo has.
    """
    if not data:
        raise EmptyFile("no bytes")
    kind = _format(data)
    try:
        info = _PARSERS[kind](data)
    except (struct.error, IndexError) as error:
        raise CutShort(f"{kind} with a header that ends too early") from error
    except (ValueError, ZeroDivisionError) as error:
        raise DamagedImage(f"{kind} with a header that makes no sense") from error
    if info is None or info.pixels == 0:
        raise DamagedImage(f"{kind} without a picture")
    return info


def _format(data: bytes) -> Format:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        # The first brand of two formats may be mif1, any image; one of the others then says which.
        brands = {data[8:12], *re.findall(b"....", data[16 : min(_number(data, 0), 512)], re.S)}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIC"
    raise UnreadableImage("not a JPEG, PNG, WebP, HEIC or AVIF photo")


def _number(data: bytes, start: int, size: int = 4) -> int:
    return int.from_bytes(data[start : start + size])


def _jpeg(data: bytes) -> PhotoInfo | None:
    """By the frame header and the scan headers (ITU-T T.81, B.2.2 and B.2.3), as far as the end of
    the first picture: phones append others, and whole videos."""
    frame, scans, partial, ended = None, 0, False, False
    for code, body in _segments(data):
        if code == _END:
            ended = True
        elif code in _FRAMES and frame is None:
            height, width, components = struct.unpack_from(">HHB", data, body + 1)
            frame = data[body + 6 : body + 6 + 3 * components]
            partial = code & 3 == 2  # progressive
        elif code == _SCAN and frame is not None:
            scans += 1
            partial = partial or data[body] < components  # the others follow in another scan
    if frame is None or scans == 0:
        if ended:
            return None
        raise CutShort("JPEG that ends before its picture")
    buffered = _coefficients(frame) if partial else 0
    return PhotoInfo("JPEG", width, height, scans, buffered, cut_short=not ended)


def ended(data: bytes) -> bytes:
    """A JPEG that is cut short, with an end marker behind the last of its segments that is whole:
    in one that is not, a decoder would wait for the rest of it."""
    end = len(data)
    for _, body in _segments(data):
        if max(body, body - 2 + _number(data, body - 2, 2)) > len(data):
            end = body - 4
    return data[:end] + bytes((0xFF, _END))


def _coefficients(components: bytes) -> float:
    """Bytes a pixel, at two each, by the sampling factors of all components (T.81, A.1.1)."""
    factors = [(both >> 4, both & 15) for both in components[1::3]]
    most = max(across for across, _ in factors) * max(down for _, down in factors)
    return 2 * sum(across * down for across, down in factors) / most


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Code of each segment, and where its body begins. The last is the end marker, if there is."""
    start = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, start)
        if found is None:
            return
        yield found[1][0], found.end() + 2
        if found[1][0] == _END:
            return
        start = found.end() + _number(data, found.end(), 2)
    raise ImageTooCostly(f"more than {MAX_PARTS:,} segments")


def _png(data: bytes) -> PhotoInfo | None:
    """By IHDR, which comes first (RFC 2083, 4.1.1). The other chunks are only counted."""
    if data[8:16] != b"\0\0\0\x0dIHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    start, parts = 8, 0
    while start + 8 <= len(data):
        start += 12 + _number(data, start)
        parts += 1
        if parts > MAX_PARTS:
            raise ImageTooCostly(f"more than {MAX_PARTS:,} chunks")
    return PhotoInfo("PNG", width, height)


def _webp(data: bytes) -> PhotoInfo | None:
    """By the three kinds of first chunk (RFC 9649, sections 2.5 to 2.7)."""

    def number(start: int, size: int) -> int:
        return int.from_bytes(data[start : start + size], "little")

    match data[12:16]:
        case b"VP8X":
            return PhotoInfo("WebP", number(24, 3) + 1, number(27, 3) + 1)
        case b"VP8L" if data[20:21] == b"\x2f":
            bits = number(21, 4)
            return PhotoInfo("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            return PhotoInfo("WebP", number(26, 2) & 0x3FFF, number(28, 2) & 0x3FFF)
    return None


def _heic(data: bytes) -> PhotoInfo | None:
    return _largest_picture(data, "HEIC")


def _avif(data: bytes) -> PhotoInfo | None:
    return _largest_picture(data, "AVIF")


def _largest_picture(data: bytes, kind: Format) -> PhotoInfo | None:
    """By the `ispe` boxes, each the coded size of a picture (ISO/IEC 23008-12, 6.5.3)."""
    place = range(len(data))
    for name, preamble in ((b"meta", 4), (b"iprp", 0), (b"ipco", 0)):
        found = list(_boxes(data, place, name, preamble))
        if len(found) != 1:  # the standard has one of each; who knows which a decoder would take
            return None
        place = found[0]
    ispe = _boxes(data, place, b"ispe", 4)
    sizes = [struct.unpack_from(">II", data, box.start) for box in ispe]
    if not sizes:
        return None
    width, height = max(sizes, key=math.prod)
    return PhotoInfo(kind, width, height)


def _boxes(data: bytes, outer: range, wanted: bytes, preamble: int) -> Iterator[range]:
    """Where the boxes called `wanted` have their contents (ISO/IEC 14496-12, 4.2)."""
    start = outer.start
    for _ in range(MAX_PARTS):
        if start + 8 > outer.stop:
            return
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
    raise ImageTooCostly(f"more than {MAX_PARTS:,} boxes")


_PARSERS: Final[dict[Format, Callable[[bytes], PhotoInfo | None]]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WebP": _webp,
    "HEIC": _heic,
    "AVIF": _avif,
}
