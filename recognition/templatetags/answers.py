"""Filters for answers; what they say is in `recognition.formats` and `recognition.messages`."""

from __future__ import annotations

from django import template

from facesite.pulse import Restart
from recognition import formats
from recognition.messages import photos, quality
from recognition.messages.faults import fault, restart
from recognition.models import EnrolledFace, Enrolment, Person, ProbeFace

register = template.Library()

for known in (formats.in_words, formats.percent, formats.share, formats.bar, fault):
    register.filter(known.__name__, known)


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
