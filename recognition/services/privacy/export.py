"""Everything that the site has about a person of the gallery, for whoever may ask for it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from recognition.models import (
    Consent,
    EnrolledFace,
    Finding,
    Look,
    Merge,
    Person,
    ProbeFace,
    Template,
    TrainedPerson,
    User,
)
from recognition.models.identification import said_to_be
from recognition.services.audit import record
from recognition.services.privacy import zipped
from recognition.services.privacy.zipped import Member


def export(person: Person, actor: User | None) -> Iterator[bytes]:
    """A ZIP of it, piece by piece; that it was asked for is in the log."""
    record(actor, "person.exported", person)
    return zipped.pieces(_members(person))


def _members(person: Person) -> Iterator[Member]:
    yield zipped.document("person.json", _person(person))
    for face in person.faces.order_by("pk"):
        yield from zipped.stored(f"enrolled/{face.pk}/portrait", face.portrait)
        yield from zipped.stored(f"enrolled/{face.pk}/face", face.crop)
    for probe in _answers(person).filter(said_to_be(person)):
        yield from zipped.stored(f"answers/{probe.pk}/face", probe.crop)


def _person(person: Person) -> dict[str, Any]:
    learned = TrainedPerson.objects.filter(person_id=person.pk)
    found = Finding.objects.filter(person=person)
    return {
        "number": person.pk,
        "name": person.name,
        "external_id": person.external_id,
        "folders": [folder.name for folder in person.folder_names.all()],
        "notes": person.notes,
        "hidden": person.hidden_at,
        "added": person.created_at,
        "merged": list(map(_merged, person.merges.order_by("pk"))),
        "consents": list(map(_consent, person.consents.select_related("text").order_by("pk"))),
        "found": list(found.order_by("pk").values("kind", "found_at", "settled_at")),
        "looked_at": list(Look.objects.filter(person=person).values("tested", "recognised")),
        "enrolled": [_enrolled(face) for face in person.faces.order_by("pk")],
        "answers": list(map(_answer, _answers(person))),
        "learned_by": sorted(learned.values_list("model_version__name", flat=True)),
    }


def _merged(merge: Merge) -> dict[str, Any]:
    """Another entry that they had; what was its own is among theirs."""
    return {
        "number": merge.gone,
        "name": merge.name,
        "external_id": merge.external_id,
        "notes": merge.notes,
        "added": merge.added_at,
        "merged": merge.merged_at,
    }


def _consent(consent: Consent) -> dict[str, Any]:
    """With the very words."""
    return {
        "purpose": consent.purpose,
        "how": consent.how,
        "text": consent.text and consent.text.text,
        "given": consent.given_at,
        "until": consent.expires_at,
        "withdrawn": consent.withdrawn_at,
        "set_aside": consent.set_aside_id is not None,
    }


def _enrolled(face: EnrolledFace) -> dict[str, Any]:
    templates = face.templates.select_related("model_version").order_by("pk")
    return {
        "number": face.pk,
        "file": face.filename,
        "sha256": face.photo_digest,
        "enrolled": face.created_at,
        "box": face.box,
        "quality": face.quality,
        "remark": face.objection,
        "embeddings": [_embedding(template) for template in templates],
    }


def _embedding(template: Template) -> dict[str, str]:
    """Little-endian float32."""
    encoded = b64encode(template.embedding).decode()
    return {"model": template.model_version.name, "base64": encoded}


def _answers(person: Person) -> Any:
    """Faces that the site took for them, or somebody did; whose photo it is, is not theirs to
    know."""
    named = ProbeFace.objects.filter(Q(person=person) | Q(true_person=person) | said_to_be(person))
    return named.select_related("identification").order_by("pk")


def _answer(probe: ProbeFace) -> dict[str, Any]:
    return {
        "number": probe.pk,
        "asked": probe.identification.created_at,
        "decision": probe.decision,
        "probability": probe.probability,
        "review": probe.review,
    }
