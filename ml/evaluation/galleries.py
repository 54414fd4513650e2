"""Does one bar hold in every gallery? Small and large ones, mixed ones, and with people twice.

Galleries are drawn at random from people who are in no fit, and everybody who is not enrolled is a
stranger. Counted is what the product would answer: a stranger is named where that says a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any

import numpy as np

from ml.evaluation.datasets import DatasetError
from ml.evaluation.samples import Embeddings, Photo
from ml.gallery import Gallery
from ml.language import number, tell, tell_number
from ml.threads import Progress
from ml.types import NAMING, Decision, Identification

DRAWS = 20
"""Random galleries of each kind."""
MOST_STRANGERS = 500
MOST_PROBES = 500
PROBES_PER_PERSON = 5
SECOND_NAME = 1_000_000
"""Is added to the number of a person for the entry under another name."""

People = Mapping[str, Embeddings]

Decide = Callable[[Photo, Gallery], Identification]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of gallery: people and others, how many of the people twice, photos of each."""

    people: int
    photos: int
    others: int = 0
    twice: int = 0

    def __str__(self) -> str:
        others = f" + {self.others} others" if self.others else ""
        twice = f", {self.twice} of them twice" if self.twice else ""
        return f"{self.people:,}{others}{twice}, {self.photos} photo{'s' * (self.photos > 1)}"

    def told(self) -> str:
        """The same, for a reader."""
        told = number(self.people)
        if self.others:
            told += tell(" + %(count)d others", count=self.others)
        if self.twice:
            told += tell(", %(count)d of them twice", count=self.twice)
        photos = tell_number("%(count)s photo", "%(count)s photos", self.photos)
        return f"{told}, {photos}"


KINDS = (
    *(Kind(size, photos) for size in (2, 5, 10, 20, 60, 300, 1680) for photos in (1, 3)),
    *(
        Kind(people, photos, others)
        for people, others, photos in product((30, 100, 300), (12, 20), (1, 4))
    ),
    *(Kind(40, 3, twice=twice) for twice in (0, 2, 8)),
)


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of answers, 0..1, None where nobody was asked about: strangers of either kind who were
    named, and enrolled people who were named right. Who is enrolled under two names is answered
    right with either of them, and with both."""

    strangers: float | None = None
    other_strangers: float | None = None
    right: float | None = None
    others_right: float | None = None
    twice_right: float | None = None


@dataclass(frozen=True)
class Galleries:
    """Means of the shares over the draws, by kind of gallery."""

    draws: int
    shares: dict[Kind, Shares]

    def summary(self) -> dict[str, Any]:
        """As JSON."""
        rows = [
            {
                "gallery": str(kind),
                **{one.name: getattr(shares, one.name) for one in fields(shares)},
            }
            for kind, shares in self.shares.items()
        ]
        return {"draws": self.draws, "galleries": rows}


def measure(
    people: People, others: People, decide: Decide, *, draws: int = DRAWS, progress: Progress
) -> Galleries:
    """What is decided in galleries of every kind that there are people enough for.

    Raises:
        DatasetError: there are not enough people for any.
    """
    possible = [kind for kind in KINDS if _is_possible(kind, people, others)]
    if not possible:
        raise DatasetError(tell("There are too few people with two photos or more."))
    found = {}
    for done, kind in enumerate(possible, start=1):
        seeds = map(np.random.default_rng, range(draws))
        found[kind] = _mean([_draw(kind, people, others, seed).shares(decide) for seed in seeds])
        progress(done, len(possible))
    return Galleries(draws, found)


def _is_possible(kind: Kind, people: People, others: People) -> bool:
    enough = len(_enrollable(people, kind)) >= kind.people
    return enough and len(_enrollable(others, kind)) >= kind.others and len(people) > kind.people


def _enrollable(people: People, kind: Kind) -> list[str]:
    """Who has a photo to ask about beside those to enrol, and one for a second name."""
    needed = kind.photos + 1 + (kind.twice > 0)
    return sorted(name for name, photos in people.items() if len(photos) >= needed)


@dataclass(frozen=True)
class _Draw:
    """A gallery, and who is asked about: probes of enrolled people by number, and strangers, of
    the two kinds of people each."""

    gallery: Gallery
    twice: int
    probes: list[list[tuple[int, Photo]]] = field(default_factory=list)
    strangers: list[list[Photo]] = field(default_factory=list)

    def shares(self, decide: Decide) -> Shares:
        named, other_named = (
            [decide(photo, self.gallery).decision in NAMING for photo in photos]
            for photos in self.strangers
        )
        right, others_right = (
            [
                (person, self._is_right(decide(photo, self.gallery), person))
                for person, photo in asked
            ]
            for asked in self.probes
        )
        return Shares(
            strangers=_share(named),
            other_strangers=_share(other_named),
            right=_share([well for person, well in right if person >= self.twice]),
            others_right=_share([well for _, well in others_right]),
            twice_right=_share([well for person, well in right if person < self.twice]),
        )

    def _is_right(self, answer: Identification, person: int) -> bool:
        names = {person, person + SECOND_NAME} if person < self.twice else {person}
        given = {likely.person for likely in answer.candidates[:2]}
        if answer.decision == Decision.AMBIGUOUS:
            return given == names
        return answer.decision == Decision.MATCH and answer.candidates[0].person in names


def _draw(kind: Kind, people: People, others: People, rng: np.random.Generator) -> _Draw:
    drawn = _Draw(Gallery(next(iter(people.values())).size), kind.twice)
    first = 0
    for source, size in ((people, kind.people), (others, kind.others)):
        enrolled = [str(name) for name in rng.permutation(_enrollable(source, kind))[:size]]
        probes = [
            (person, photo)
            for person, name in enumerate(enrolled, start=first)
            for photo in _enrol(drawn, kind, person, source[name], rng)
        ]
        unknown = [
            photo
            for name in sorted(source.keys() - set(enrolled))
            for photo in source[name][:PROBES_PER_PERSON]
        ]
        drawn.probes.append([probes[row] for row in rng.permutation(len(probes))[:MOST_PROBES]])
        drawn.strangers.append(
            [unknown[row] for row in rng.permutation(len(unknown))[:MOST_STRANGERS]]
        )
        first += size
    return drawn


def _enrol(
    drawn: _Draw, kind: Kind, person: int, photos: Embeddings, rng: np.random.Generator
) -> Embeddings:
    """Enrols some of a person's photos, and returns those that are left to ask about."""
    photos = photos[rng.permutation(len(photos))]
    names = [person] * kind.photos + [person + SECOND_NAME] * (person < kind.twice)
    for name, template in zip(names, photos.templates, strict=False):
        drawn.gallery.add(drawn.gallery.templates, name, template)
    return photos[len(names) :][:PROBES_PER_PERSON]


def _share(happened: Sequence[bool]) -> float | None:
    return float(np.mean(happened)) if happened else None


def _mean(drawn: Sequence[Shares]) -> Shares:
    """`others` are in all draws of a kind or in none."""
    columns = {one.name: [getattr(shares, one.name) for shares in drawn] for one in fields(Shares)}
    return Shares(
        **{
            name: None if None in column else float(np.mean(column))
            for name, column in columns.items()
        }
    )
