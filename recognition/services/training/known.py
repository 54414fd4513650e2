"""Whom the version in service has learned, of the people whom a new one is to be measured on.

Photos alone do not tell: the same person comes in from a folder at one time, and from the gallery,
with other photos, at another. What the site knows of its people does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ml.data import splits
from recognition.models import EnrolledFace, ModelVersion, TrainedPerson
from recognition.services.gallery import owners
from recognition.services.gallery.folders import OnDisk
from recognition.services.versions import registry

if TYPE_CHECKING:
    from ml.data.splits import Material

LOOKED_AT: Final = 10
"""Photos of a folder, to find out whose it is where its name does not tell."""


def known_to(active: ModelVersion, material: Material, *, from_site: bool) -> frozenset[str]:
    """Labels of people held out whom `active` has learned; of the site's own they are numbers."""
    learned = _people(active)
    if from_site or not learned:
        return frozenset(map(str, learned))
    return frozenset(
        label for label in material.split.held_out if _owner(label, material) in learned
    )


def _people(active: ModelVersion) -> set[int]:
    """Those of the gallery who were classes of it, or have a photo enrolled that is of a class."""
    trained = TrainedPerson.objects.filter(model_version=active)
    people = set(trained.values_list("person_id", flat=True))
    file = registry.folder(active) / splits.FILE
    if not file.is_file():
        return people
    seen = splits.load_split(file).seen
    enrolled = EnrolledFace.objects.values_list("person_id", "photo_digest")
    return people | {person for person, digest in enrolled.iterator() if digest in seen}


def _owner(label: str, material: Material) -> int | None:
    identities = material.dataset.identities
    photos = next(one.photos for one in identities if one.label == label)
    return owners.owner_of(label, [OnDisk(photo.path) for photo in photos[:LOOKED_AT]]).pk
