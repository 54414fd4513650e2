"""A decoded photo, whatever its colours are stored as, in the one space that networks take."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

_8_BITS_OF_16 = ((np.arange(65536) + 128) // 257).astype(np.uint8)
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(photo: Pillow.Image) -> Pillow.Image:
    """The same in mode RGB: 8 bits, over white, by its colour profile."""
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
