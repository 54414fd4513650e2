"""Stored pictures made smaller for a place in a list. Made when asked for and kept by the browser
alone: what is deleted leaves no small copy behind."""

from __future__ import annotations

import io
from typing import Final

from django.db.models.fields.files import FieldFile
from PIL import Image

SIDES: Final = (48, 64, 96, 128, 320, 640)
"""Longer sides, in pixels: of places in lists, for ordinary screens and for fine ones."""
QUALITY: Final = 82


def smaller(file: FieldFile, side: int) -> bytes:
    """A JPEG of the stored picture, no longer than `side`. A picture that is small stays so."""
    with file.open("rb") as source, Image.open(source) as picture:
        picture.draft("RGB", (side, side))
        shown = picture.convert("RGB")
    shown.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()
