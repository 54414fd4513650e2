"""Whether a photo shows the person as whom it is to be enrolled.

A wrong photo costs its person their name and draws those of others. What speaks against a photo is
how much more alike the nearest other person is than the person's own photos: that difference means
nearly the same among real and rendered people, of whom one similarity says different things. The
calibration only says whether the other can be the face at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ml.types import Candidate, Decision, Floats, Identification

MINIMUM_FOR_ENROLMENT: Final = 0.3
"""Of a photo, see `ml.quality`. A worse one would make the person's templates worse; it is refused
with its reason."""

CLEARLY_MORE_ALIKE: Final = (0.22, 0.16)
"""By so much somebody else is nearer to a photo that is refused, in similarity: where the person
has one photo, and where they have more. Chosen on 105 real and 70 rendered people, so that 1 % of
their photos are refused at most, and 95 % of others' at least; see README, Measured."""

MORE_ALIKE: Final = 0.1
"""By so much somebody else is nearer to a photo with a remark."""

AT_ALL_LIKELY: Final = 0.005
"""Probability of the other from which they are named as the reason. One photo of a person alone
says too little to refuse another for being unlike it."""

NOT_ALIKE: Final = 0.1
"""The similarity to all of a person's photos, two or more, below which a photo is not theirs."""

Ask = Callable[[Floats], Identification]
"""What the gallery, the person included, answers about an embedding, (D,) float32."""


class Objection(StrEnum):
    """What speaks against a photo; the first two keep it out of the gallery."""

    LOOKS_LIKE_ANOTHER = "looks_like_another"
    UNLIKE_OTHERS = "unlike_others"
    LITTLE_LIKE_OTHERS = "little_like_others"
    PERHAPS_SAME_PERSON = "perhaps_same_person"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An objection, and the person of the gallery whom it is about, if it is about one."""

    objection: Objection
    other: Candidate | None = None

    @property
    def refuses(self) -> bool:
        """Whether the photo should stay out."""
        return self.objection in {Objection.LOOKS_LIKE_ANOTHER, Objection.UNLIKE_OTHERS}


def doubt(embedding: Floats, own: Floats, person: int | None, ask: Ask) -> Doubt | None:
    """What speaks against enrolling a face, (D,) float32 of length 1, as `person`; None if nothing.

    `own` are the embeddings of the person's photos, (N, D), N from 0. Of a first photo nothing is
    known but whom else it looks like, and nobody is refused for that: the two are probably one
    person under two names.
    """
    answer = ask(embedding)
    others = [likely for likely in answer.candidates if likely.person != person]
    nearest = max(others, key=lambda other: other.similarity, default=None)
    if len(own):
        likeness = float((own @ embedding).max())
        against = _against(likeness, len(own), nearest)
        if against and not (against.other and one_person(own, against.other.person, ask)):
            return against
    named = next((likely for likely in _named(answer) if likely.person != person), None)
    return Doubt(Objection.PERHAPS_SAME_PERSON, named) if named else None


def _against(likeness: float, photos: int, other: Candidate | None) -> Doubt | None:
    """What a likeness to the person's own photos means beside that to somebody else."""
    ahead = (other.similarity if other else 0.0) - likeness
    clearly = ahead > CLEARLY_MORE_ALIKE[photos > 1]
    if clearly and other and other.probability >= AT_ALL_LIKELY:
        return Doubt(Objection.LOOKS_LIKE_ANOTHER, other)
    if photos > 1 and (clearly or likeness < NOT_ALIKE):
        return Doubt(Objection.UNLIKE_OTHERS)
    little = ahead > MORE_ALIKE or likeness < NOT_ALIKE
    return Doubt(Objection.LITTLE_LIKE_OTHERS) if little else None


def one_person(own: Floats, other: int, ask: Ask) -> bool:
    """Whether one of somebody's photos, (N, D) float32, is named as `other` too, or as somebody who
    looks like the same person, both being in the gallery: then they are probably one, and which of
    them a photo is nearer to means nothing."""
    return any(other in taken_for(answer) for answer in map(ask, own))


def taken_for(answer: Identification) -> frozenset[int]:
    """Whom an answer names, and who looks like the same person."""
    named = _named(answer)
    return frozenset(
        likely.person for likely in answer.candidates if likely.other_name or likely in named
    )


def _named(answer: Identification) -> tuple[Candidate, ...]:
    """Whom an answer names: one, two between whom it cannot tell, or nobody."""
    names = {Decision.MATCH: 1, Decision.AMBIGUOUS: 2}
    return answer.candidates[: names.get(answer.decision, 0)]
