"""What the pages say about the site itself."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.template import Context
from django.utils.translation import gettext as _

from recognition import browsers
from recognition.services.site import second_factor

register = template.Library()

MEGA = 1024 * 1024


@register.simple_tag
def upload_limits(most: int | str = "") -> dict[str, int]:
    """What the site takes; said beforehand, and checked by the page where it can. Some pages take
    fewer photos at a time."""
    return {
        "files": int(most or settings.MAX_PHOTOS_PER_UPLOAD),
        "bytes": settings.MAX_PHOTO_BYTES,
        "megabytes": settings.MAX_PHOTO_BYTES // MEGA,
        "total_bytes": settings.MAX_PHOTO_BYTES * settings.MAX_PHOTOS_PER_UPLOAD,
        "total_megabytes": settings.MAX_PHOTO_BYTES * settings.MAX_PHOTOS_PER_UPLOAD // MEGA,
        "megapixels": settings.MAX_PHOTO_PIXELS // 1_000_000,
    }


@register.simple_tag
def signup_open() -> bool:
    return bool(settings.SIGNUP_OPEN)


@register.simple_tag(takes_context=True)
def second_factor_required(context: Context) -> bool:
    return second_factor.required(context["user"])


@register.filter
def browser(user_agent: str) -> str:
    """What a browser says of itself, as people call it."""
    name, system = browsers.read(user_agent)
    if not name:
        return user_agent[:80] or _("An unknown program")
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system} if system else name
