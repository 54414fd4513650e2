"""What an erasure came to, in numbers alone, to hand out: signed, so that this site can tell later
whether the report is its own, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.signing import Signer
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from recognition.models import (
    AuditEvent,
    Candidate,
    Consent,
    EnrolledFace,
    Enrolment,
    Finding,
    FolderName,
    Identification,
    ImportFile,
    Merge,
    Opinion,
    Person,
    ProbeFace,
    Proposal,
    Stranger,
    Template,
    TrainedPerson,
)
from recognition.services.privacy import scrubbing
from recognition.services.privacy.erasure import REMOVED

Report = dict[str, Any]


def of(event: AuditEvent) -> Report:
    """The report of a removal that the audit log has."""
    said = {
        "site": settings.SITE_URL,
        "person": int(event.subject_id),
        "erased_at": event.created_at.isoformat(),
        "erased_by": event.actor_id,
        "enrolled_photos": event.details.get("faces", []),
        "photos_asked_about": event.details.get("asked", []),
        "trials": event.details.get("trials", 0),
        "versions_trained_on_them": event.details.get("versions", []),
        "audit_event": {"number": event.number, "digest": event.digest},
    }
    return {**said, "signature": _signature(said)}


def removals() -> Any:
    return AuditEvent.objects.filter(action=REMOVED)


def _signature(said: Report) -> str:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return Signer(salt="erasure report").signature(text)


def objections(report: Report) -> Iterator[str]:
    """What speaks against a report, as codes; nothing, if it holds."""
    said = {name: value for name, value in report.items() if name != "signature"}
    if not constant_time_compare(_signature(said), str(report.get("signature", ""))):
        yield "not_signed"  # and nothing that it says need be so
        return
    noted = said["audit_event"]
    if not removals().filter(number=noted["number"], digest=noted["digest"]).exists():
        yield "not_in_log"
    yield from (name for name, rows in _left(said).items() if rows.exists())
    if scrubbing.owed() >= noted["number"]:
        yield "not_overwritten"


def _left(said: Report) -> dict[str, Any]:
    """Where something could be left of them."""
    person, faces = said["person"], said["enrolled_photos"]
    return {
        "person": Person.objects.filter(pk=person),
        "folders": FolderName.objects.filter(person=person),
        "findings": Finding.objects.filter(Q(person=person) | Q(other=person)),
        "merges": Merge.objects.filter(person=person),
        "consents": Consent.objects.filter(person=person),
        "enrolled_photos": EnrolledFace.objects.filter(pk__in=faces),
        "templates": Template.objects.filter(face__in=faces),
        "imported_files": ImportFile.objects.filter(person=person),
        "waiting_photos": Enrolment.objects.filter(person=person),
        "candidates": Candidate.objects.filter(person=person),
        "answers": ProbeFace.objects.filter(person=person),
        "strangers": Stranger.objects.filter(person=person),
        "verdicts": ProbeFace.objects.filter(true_person=person),
        "photos_asked_about": Identification.objects.filter(pk__in=said["photos_asked_about"]),
        "opinions": Opinion.objects.filter(person=person),
        "proposals": Proposal.objects.filter(person=person),
        "classes": TrainedPerson.objects.filter(person_id=person, erased_at=None),
    }
