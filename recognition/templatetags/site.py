"""What the pages say about the site itself."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()

MEGA = 1024 * 1024


@register.simple_tag
def upload_limits(only_one: object = False) -> dict[str, int]:
    """What the site takes; said beforehand, and checked by the page where it can."""
    return {
        "files": 1 if only_one else settings.MAX_PHOTOS_PER_UPLOAD,
        "bytes": settings.MAX_PHOTO_BYTES,
        "megabytes": settings.MAX_PHOTO_BYTES // MEGA,
        "total_bytes": settings.MAX_PHOTO_BYTES * settings.MAX_PHOTOS_PER_UPLOAD,
        "total_megabytes": settings.MAX_PHOTO_BYTES * settings.MAX_PHOTOS_PER_UPLOAD // MEGA,
        "megapixels": settings.MAX_PHOTO_PIXELS // 1_000_000,
    }


@register.simple_tag
def signup_open() -> bool:
    return bool(settings.SIGNUP_OPEN)
