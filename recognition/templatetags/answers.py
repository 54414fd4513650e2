"""Filters for answers; what they say is in `recognition.formats` and `recognition.messages`."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from facesite.pulse import Restart
from recognition import formats
from recognition.messages import photos, quality
from recognition.messages.faults import fault, restart
from recognition.models import EnrolledFace, Enrolment, Person, ProbeFace
from recognition.presenters import heat

register = template.Library()

for known in (formats.in_words, formats.percent, formats.share, formats.bar, formats.turn, fault):
    register.filter(known.__name__, known)


@register.simple_tag
def thumbnail(
    kind: str, key: object, side: int, alt: str = "", loading: str = "lazy"
) -> SafeString:
    """A square picture in the size of its place, and in twice that for fine screens."""
    return format_html(
        '<img src="{0}?side={1}" srcset="{0}?side={1} 1x, {0}?side={2} 2x" width="{1}" '
        'height="{1}" alt="{3}" loading="{4}" decoding="async">',
        reverse("photo", args=(kind, key)),
        side,
        2 * side,
        alt,
        loading,
    )


@register.simple_tag
def heat_of(face: ProbeFace) -> heat.Shown:
    return heat.of(face)


@register.filter
def photo_error(code: str) -> str:
    return photos.photo_error(code, {})


@register.filter
def quality_advice(face: ProbeFace) -> str:
    return quality.quality_advice(face.quality_reasons, face.quality_measured)


@register.filter
def restarted(one: Restart) -> str:
    return restart(one.part, one.why)


@register.filter
def refusal(row: Enrolment) -> str:
    return photos.refusal(row.error_code, _named(row.face.person if row.face else None))


@register.filter
def remark(face: EnrolledFace) -> str:
    return photos.noted(face.objection, _named(face.resembles))


def _named(person: Person | None) -> dict[str, str]:
    return {"name": person.display_name} if person else {}
