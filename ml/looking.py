"""An enrolled person looked at beside everybody else: what is probably wrong, and whether their own
photos would be recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ml.enrolment import Doubt, Objection, doubt, taken_for
from ml.gallery import Gallery
from ml.types import Decision, Floats, Identification

Photos = Mapping[int, tuple[Floats, float]]
"""Templates, (D,) float32 of length 1, and qualities, 0..1, by their ids in a gallery."""
Decide = Callable[[Floats, Gallery], Identification]
"""The rule in service."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What speaks against photos, by id; who is probably the same person; and of how many photos,
    left out and asked about in turn, the person is named. Of a single photo that says nothing."""

    doubts: Mapping[int, Doubt]
    doubles: frozenset[int]
    tested: int
    recognised: int


def look_at(person: int, gallery: Gallery, decide: Decide) -> Looked:
    """Look at somebody of the gallery, which is the same again afterwards."""
    photos = dict(gallery.templates_of(person))
    answers = {one.tobytes(): decide(one, gallery) for one, _ in photos.values()}
    doubts = {photo: said for photo in photos if (said := _doubt(person, photo, photos, answers))}
    theirs = [answers[one.tobytes()] for photo, (one, _) in photos.items() if photo not in doubts]
    doubles = frozenset().union(*map(taken_for, theirs)) - {person}
    right = list(_known(person, photos, gallery, decide)) if len(photos) > 1 else []
    return Looked(doubts, doubles, len(right), sum(right))


def _doubt(
    person: int, photo: int, photos: Photos, answers: Mapping[bytes, Identification]
) -> Doubt | None:
    """As if it was to be enrolled beside the others now. That somebody looks like another person in
    all photos is no doubt about one of them."""
    own = [one for other, (one, _) in photos.items() if other != photo]
    if not own:
        return None
    embedding, _ = photos[photo]
    found = doubt(embedding, np.stack(own), person, lambda one: answers[one.tobytes()])
    return found if found and found.objection != Objection.PERHAPS_SAME_PERSON else None


def _known(person: int, photos: Photos, gallery: Gallery, decide: Decide) -> Iterator[bool]:
    """Whether the person is named for each of the photos, while it is left out."""
    for photo, (embedding, quality) in photos.items():
        gallery.remove(photo)
        answer = decide(embedding, gallery)
        gallery.add(photo, person, embedding, quality)
        yield answer.decision == Decision.MATCH and answer.candidates[0].person == person
