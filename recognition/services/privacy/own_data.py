"""Everything that is stored of an account, to take along: what its pages show, and no more of other
people than they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.usersessions.models import UserSession

from recognition.models import (
    AuditEvent,
    Comparison,
    Identification,
    ProbeFace,
    User,
    WebhookSubscription,
)
from recognition.services import access
from recognition.services.audit import record
from recognition.services.identification import reading
from recognition.services.privacy import zipped
from recognition.services.privacy.zipped import Member

OF_TOKENS = ("name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
"""All that is kept of one but the hash of its secret."""


def export(user: User) -> Iterator[bytes]:
    """A ZIP of it, piece by piece; that it was asked for is in the log."""
    record(user, "account.exported", user)
    return zipped.pieces(_members(user))


def _members(user: User) -> Iterator[Member]:
    yield zipped.document("account.json", _account(user))
    yield zipped.document("log.json", _log(user))
    photos = user.identifications.order_by("created_at", "pk")
    ids = list(photos.values_list("pk", flat=True))
    for photo in reading.in_batches(ids, reading.with_everything):
        yield from photo_members(photo, user)
    yield zipped.document("webhooks.json", [_webhook(row) for row in access.visible_webhooks(user)])
    for row in user.comparisons.order_by("created_at", "pk"):
        yield from _comparison(row)


def _account(user: User) -> dict[str, Any]:
    sessions = UserSession.objects.filter(user=user).order_by("pk")
    return {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "joined": user.date_joined,
        "last_login": user.last_login,
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "api_tokens": list(user.api_tokens.values(*OF_TOKENS)),
        "sessions": list(sessions.values("created_at", "last_seen_at", "ip", "user_agent")),
    }


def _log(user: User) -> list[dict[str, Any]]:
    """What the account did, and what was done to it or to its photos."""
    did = AuditEvent.objects.filter(actor=user)
    to_it = AuditEvent.objects.filter(subject_type="user", subject_id=str(user.pk))
    photos = [str(pk) for pk in user.identifications.values_list("pk", flat=True)]
    to_photos = AuditEvent.objects.filter(subject_type="identification", subject_id__in=photos)
    fields = ("number", "created_at", "action", "subject_type", "subject_id")
    return list((did | to_it | to_photos).order_by("number").values(*fields))


def _webhook(row: WebhookSubscription) -> dict[str, Any]:
    """Without its secret, which nobody is told again."""
    sent = row.deliveries.order_by("created_at", "pk")
    fields = ("event", "type", "happened_at", "status", "error_code", "response_code")
    return {
        "address": row.url,
        "events": row.events,
        "added": row.created_at,
        "disabled": row.disabled,
        "deliveries": list(sent.values(*fields, "attempts", "finished_at")),
    }


def _comparison(row: Comparison) -> Iterator[Member]:
    name = f"comparisons/{row.pk}"
    said = {
        "files": row.names,
        "asked": row.created_at,
        "answered": row.finished_at,
        "status": row.status,
        "reason": row.error_code,
        "model": str(row.model_version or ""),
        "faces": row.faces,
        "pairs": row.pairs,
    }
    yield zipped.document(f"{name}/answer.json", said)
    for field in ("first", "second", "first_photo", "second_photo"):
        yield from zipped.stored(f"{name}/{field}", getattr(row, field))


def photo_members(photo: Identification, user: User) -> Iterator[Member]:
    """A photo's answer, as its page shows it to the user, and its files."""
    name = f"photos/{photo.pk}"
    page = reading.of(photo, access.others_shown(user))
    yield zipped.document(f"{name}/answer.json", _answer(page))
    yield from zipped.stored(f"{name}/original", photo.original)
    yield from zipped.stored(f"{name}/photo", photo.photo)
    for face in page.faces:
        yield from zipped.stored(f"{name}/face-{face.number}", face.face.crop)


def _answer(page: reading.PhotoPage) -> dict[str, Any]:
    photo = page.identification
    return {
        "file": photo.filename,
        "asked": photo.created_at,
        "answered": photo.finished_at,
        "status": photo.status,
        "reason": photo.error_code,
        "width": photo.width,
        "height": photo.height,
        "model": str(photo.model_version or ""),
        "faces": [_face(face) for face in page.faces],
    }


def _face(page: reading.FacePage) -> dict[str, Any]:
    face = page.face
    return {
        "number": page.number,
        "box": [face.x, face.y, face.width, face.height],
        "quality": face.quality,
        "decision": face.decision,
        "corrected": face.corrected,
        "probability": face.probability if page.explained else None,
        "candidates": [
            {
                "person": near.candidate.person.name,
                "named": near in page.named,
                "probability": near.candidate.probability,
            }
            for near in page.likenesses
        ],
        "review": face.review,
        "opinion": _opinion(face),
        "heat": face.heat.falls if hasattr(face, "heat") else [],
        "found": face.found and face.found.name,
    }


def _opinion(face: ProbeFace) -> dict[str, str] | None:
    said = getattr(face, "opinion", None)
    return {"says": said.says, "whom": said.whom} if said else None
