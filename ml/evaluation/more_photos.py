"""What more photos of a person bring, told by those that are enrolled: each is left out and asked
about, once with one other photo of its person in the gallery, and once with all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml.evaluation import resampling
from ml.evaluation.resampling import Interval
from ml.gallery import Gallery
from ml.types import Decision, Doubles, Floats, Identification

LEFT_OUT = 3
"""Photos of a person that are left out in turn. Who has fewer has one or two at a time, of which
all are hardly more than one, and is not asked about."""
PEOPLE_NEEDED = 5
"""With fewer the interval would say nothing, or promise what it does not know."""
MOST_PEOPLE = 100
"""Who are asked about: so many say enough, and take a second or two."""

Photos = Sequence[tuple[Floats, float]]
"""Templates, (D,) float32 of length 1, and qualities, 0..1."""
Decide = Callable[[Floats, Gallery], Identification]


@dataclass(frozen=True, slots=True)
class MorePhotos:
    """Shares, 0..1, of left-out photos that are named right, with 95 % intervals over people: with
    `one` other photo of each person in the gallery, with `every` one, and how much that `brings`.
    `photos` were asked about, of `people`.
    """

    people: int
    photos: int
    one: Interval
    every: Interval
    brings: Interval

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def leave_one_out(
    people: Mapping[int, Photos], decide: Decide, *, seed: int = 0
) -> MorePhotos | None:
    """Ask about enrolled photos. None if fewer than `PEOPLE_NEEDED` have enough of them.

    What is asked about are templates, which are a little more alike than a photo that is only asked
    about: both shares are a little high, and their difference means the same.
    """
    rng = np.random.default_rng(seed)
    shuffled = {
        person: [photos[at] for at in rng.permutation(len(photos))]
        for person, photos in sorted(people.items())
        if photos
    }
    enough = [person for person, photos in shuffled.items() if len(photos) >= LEFT_OUT]
    if len(enough) < PEOPLE_NEEDED:
        return None
    asked = rng.permutation(enough)[:MOST_PEOPLE].tolist()
    one, every = (_Enrolled(shuffled, most).named_right(asked, decide) for most in (1, None))
    return _told(one, every)


def _told(one: Doubles, every: Doubles) -> MorePhotos:
    """From the share of each person's photos that is named right, (P,) each."""
    people = len(one)
    drawn = resampling.weights(people)
    shares = [drawn @ right / people for right in (one, every)]
    told = [Interval.of(values) for values in (*shares, shares[1] - shares[0])]
    return MorePhotos(people, people * LEFT_OUT, *(one for one in told if one is not None))


class _Enrolled:
    """A gallery with the first `most` photos of everybody, or with all."""

    def __init__(self, people: Mapping[int, Photos], most: int | None) -> None:
        self._people, self._most = people, most
        firsts = np.cumsum([0, *map(len, people.values())]).tolist()
        self._first = dict(zip(people, firsts, strict=False))
        self._gallery = Gallery(len(next(iter(people.values()))[0][0]))
        for person in people:
            self._enrol(person)

    def named_right(self, asked: Sequence[int], decide: Decide) -> Doubles:
        """The share of each person's photos that is, when they are left out in turn, (P,)."""
        named = [
            [self._is_named(person, photo, decide) for photo in range(LEFT_OUT)] for person in asked
        ]
        shares: Doubles = np.mean(named, axis=1, dtype=np.float64)
        return shares

    def _is_named(self, person: int, photo: int, decide: Decide) -> bool:
        self._enrol(person, without=photo)
        answer = decide(self._people[person][photo][0], self._gallery)
        self._enrol(person)
        return answer.decision == Decision.MATCH and answer.candidates[0].person == person

    def _enrol(self, person: int, without: int | None = None) -> None:
        photos = range(len(self._people[person]))
        kept = [photo for photo in photos if photo != without][: self._most]
        for photo in photos:
            template = self._first[person] + photo
            self._gallery.remove(template)
            if photo in kept:
                self._gallery.add(template, person, *self._people[person][photo])
