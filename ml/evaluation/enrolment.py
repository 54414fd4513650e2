"""Is this photo of the person as whom it is to be enrolled? Of photos that are, and of some not.

Everybody has K photos in the gallery, but one person, who has none, one, and so on up to K - 1.
Then come that person's other photos, and as many of another enrolled person under the same name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from ml.calibration import Calibration, Policy, identify
from ml.enrolment import Doubt, Objection, doubt
from ml.evaluation.cache import FoundFace
from ml.evaluation.datasets import DatasetError
from ml.gallery import Gallery
from ml.language import tell
from ml.threads import Progress
from ml.types import Floats

Faces = Mapping[str, Sequence[FoundFace]]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What became of `right` and `wrong` photos, shares 0..1.

    Of second photos and later ones: right ones that are refused, and that get a remark; wrong ones
    that are refused. Of first photos: people who are taken for one who is enrolled already, though
    they are new; and those who are found to be there already, under another name.
    """

    enrol: int
    people: int
    right: int
    wrong: int
    right_refused: float
    right_remarked: float
    wrong_refused: float
    new_taken_for_known: float
    known_recognised: float

    def summary(self) -> dict[str, Any]:
        """The metrics by name."""
        return asdict(self)


def evaluate(
    faces: Faces, enrol: int, calibration: Calibration, policy: Policy, *, progress: Progress
) -> Enrolment:
    """Enrol the first `enrol` faces of everybody who has more, and try the others.

    Raises:
        DatasetError: fewer than two people have more faces than that, or `enrol` is below 2.
    """
    known = {name: found for name, found in faces.items() if len(found) > enrol}
    if enrol < 2 or len(known) < 2:
        raise DatasetError(
            tell(
                "Enrolment takes two people or more with more photos than --enrol, which is "
                "%(enrol)d and has to be 2 or more.",
                enrol=enrol,
            )
        )
    trial = _Trial(list(known.values()), enrol, calibration, policy)
    for person in range(len(known)):
        trial.run(person)
        progress(person + 1, len(known))
    return trial.result()


class _Trial:
    def __init__(
        self,
        people: list[Sequence[FoundFace]],
        enrol: int,
        calibration: Calibration,
        policy: Policy,
    ) -> None:
        self._people, self._enrol = people, enrol
        self._gallery = Gallery(len(people[0][0].embedding))
        self._ask = partial(identify, gallery=self._gallery, calibration=calibration, policy=policy)
        self._said: dict[tuple[bool, bool], Counter[str]] = {
            (right, first): Counter() for right in (True, False) for first in (True, False)
        }
        for person in range(len(people)):
            self._fill(person, enrol)

    def run(self, person: int) -> None:
        """Enrol a person anew, photo by photo, and look at right and wrong ones before each."""
        another = (person + 1) % len(self._people)
        for photos in range(self._enrol):
            self._fill(person, photos)
            own = _stacked(self._people[person][:photos])
            for whose in (person, another):
                for face in self._people[whose][self._enrol :]:
                    found = doubt(face.embedding, own, person, self._ask)
                    self._said[whose == person, not photos][_outcome(found)] += 1
        self._fill(person, self._enrol)

    def _fill(self, person: int, photos: int) -> None:
        for number, face in enumerate(self._people[person][: self._enrol]):
            template = person * self._enrol + number
            if number < photos:
                self._gallery.add(template, person, face.template, face.quality)
            else:
                self._gallery.remove(template)

    def result(self) -> Enrolment:
        def share(outcome: str, *, right: bool, first: bool) -> float:
            said = self._said[right, first]
            return said[outcome] / said.total()

        return Enrolment(
            enrol=self._enrol,
            people=len(self._people),
            right=self._said[True, False].total(),
            wrong=self._said[False, False].total(),
            right_refused=share("refused", right=True, first=False),
            right_remarked=share("remarked", right=True, first=False),
            wrong_refused=share("refused", right=False, first=False),
            new_taken_for_known=share("same", right=True, first=True),
            known_recognised=share("same", right=False, first=True),
        )


def _stacked(faces: Sequence[FoundFace]) -> Floats:
    return np.array([face.template for face in faces], np.float32)


def _outcome(found: Doubt | None) -> str:
    if found is None:
        return "taken"
    if found.refuses:
        return "refused"
    return "same" if found.objection == Objection.PERHAPS_SAME_PERSON else "remarked"
