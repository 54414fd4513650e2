"""Formats and sizes in which phones take photos, and whether a face is still known in them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image as Pillow

from ml import bounded
from ml.inference.recognizer import Recognizer
from tests.ml.conftest import DEMO, photo
from tests.ml.pictures import encoded, exif

SOURCE = DEMO / "photos/people/Mei_Tanaka/4.jpg"


def avif() -> bytes:
    return encoded(Pillow.open(SOURCE), "AVIF")


def avif_under_the_brand_of_any_image() -> bytes:
    data = avif()
    return data[:8] + b"mif1" + data[12:]


def turned(kind: str) -> bytes:
    """Lying on its side, with the EXIF orientation that says so."""
    lying = Pillow.open(SOURCE).transpose(Pillow.Transpose.ROTATE_90)
    return encoded(lying, kind, exif=exif(6))


def of_48_megapixels() -> bytes:
    """A few hundred kilobytes, as of a smooth picture; progressive, as editors save it."""
    large = Pillow.open(SOURCE).resize((6928, 6928), Pillow.Resampling.BICUBIC)
    buffer = BytesIO()
    large.save(buffer, "JPEG", quality=30, progressive=True)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        avif,
        avif_under_the_brand_of_any_image,
        lambda: turned("AVIF"),
        lambda: turned("HEIF"),
        lambda: turned("JPEG"),
        of_48_megapixels,
    ],
    ids=["AVIF", "mif1", "turned AVIF", "turned HEIC", "turned JPEG", "48 megapixels"],
)
def test_the_person_is_the_same_in_every_kind_of_photo(
    recognizer: Recognizer, make: Callable[[], bytes]
) -> None:
    (known,) = recognizer.recognize(photo("photos/people/Mei_Tanaka/4.jpg")).faces
    (face,) = recognizer.recognize(bounded.decode(make())).faces
    assert float(face.embedding @ known.embedding) > 0.9
