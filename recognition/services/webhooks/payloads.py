"""What a receiver is told of an event: as things are now, and as far as the owner of the webhook
may see them now. Never a photo, and a name only where the owner's own pages have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.urls import reverse

from recognition.models import EnrolledFace, Event, ModelVersion, Person, User, WebhookDelivery
from recognition.models.webhooks import TEST
from recognition.services import access
from recognition.services.identification import reading
from recognition.services.identification.reading import FacePage, PhotoPage
from recognition.services.site.addresses import absolute

Data = dict[str, Any]


def payload(delivery: WebhookDelivery) -> Data | None:
    """None if what it is about is gone, or its owner may not see it any more."""
    owner = delivery.subscription.owner
    told = owner.is_active and delivery.type in (TEST, *access.events_of(owner))
    data = _DATA[delivery.type](delivery.about, owner) if told else None
    at = delivery.happened_at.isoformat(timespec="milliseconds")
    return None if data is None else {"type": delivery.type, "timestamp": at, "data": data}


def _answered(about: Data, owner: User) -> Data | None:
    page = _page(about, owner)
    return {**_photo(page), "faces": [_face(face) for face in page.faces]} if page else None


def _reviewed(about: Data, owner: User) -> Data | None:
    """The verdict is null once it was taken back."""
    page = _page(about, owner)
    seen = next((one for one in page.faces if one.face.pk == about["face"]), None) if page else None
    if page is None or seen is None:
        return None
    said = {"verdict": seen.face.review or None, "person": _person(seen.face.true_person)}
    return {**_photo(page), "face": {**_face(seen), **said}}


def _page(about: Data, owner: User) -> PhotoPage | None:
    visible = access.visible_identifications(owner).filter(pk=about["identification"])
    photo = reading.with_everything(visible).first()
    return reading.of(photo, access.others_shown(owner)) if photo else None


def _photo(page: PhotoPage) -> Data:
    pk = page.identification.pk
    return {"identification": str(pk), "url": _link("identification", pk)}


def _face(page: FacePage) -> Data:
    face = page.face
    return {
        "number": page.number,
        "decision": face.decision,
        "probability": face.probability if page.explained else None,
        "named": [_person(near.candidate.person) for near in page.named],
    }


def _person(person: Person | None) -> Data | None:
    return {"id": person.pk, "name": person.name} if person else None


def _enrolled(about: Data, _owner: User) -> Data | None:
    face = EnrolledFace.objects.select_related("person").filter(pk=about["photo"]).first()
    return {**_whose(face.person), "photo": face.pk} if face else None


def _photo_removed(about: Data, _owner: User) -> Data | None:
    person = Person.objects.filter(pk=about["person"]).first()
    return {**_whose(person), "photo": about["photo"]} if person else None


def _whose(person: Person) -> Data:
    return {"person": _person(person), "url": _link("person", person.pk)}


def _removed(about: Data, _owner: User) -> Data:
    return {"person": {"id": about["person"]}}


def _promoted(about: Data, _owner: User) -> Data | None:
    there = ModelVersion.objects.filter(name=about["version"]).exists()
    return {**about, "url": _link("model_version", about["version"])} if there else None


def _test(_about: Data, _owner: User) -> Data:
    return {}


def _link(page: str, key: object) -> str:
    return absolute(reverse(page, args=(key,)))


_DATA: Final[dict[str, Callable[[Data, User], Data | None]]] = {
    Event.ANSWERED: _answered,
    Event.REVIEWED: _reviewed,
    Event.ENROLLED: _enrolled,
    Event.PHOTO_REMOVED: _photo_removed,
    Event.REMOVED: _removed,
    Event.PROMOTED: _promoted,
    TEST: _test,
}
