"""Who is this, or nobody we know? Identification against a gallery, with strangers in the queue.

The measures are those of ISO/IEC 19795-1 and NIST's FRVT 1:N, https://pages.nist.gov/frvt/: FPIR,
the share of strangers for whom somebody is returned, and DIR, the share of enrolled people's probes
for whom the right person is returned first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.calibration import Calibration, Policy
from ml.evaluation import rates
from ml.evaluation.cache import FoundFace
from ml.evaluation.datasets import DatasetError
from ml.evaluation.probabilities import Bin, bins, calibration_error, presuming, weights
from ml.evaluation.rates import FPIRS, Similarities
from ml.evaluation.samples import Photo
from ml.gallery import Gallery
from ml.language import tell
from ml.threads import Progress
from ml.types import NAMING, Decision, Doubles, Identification

SHARES = (0.1, 0.5, 0.9)
"""Of strangers among those asked about, at which probabilities are looked at."""

Faces = Mapping[Path, FoundFace | None]
Probabilities = Mapping[float, Doubles]


@dataclass(frozen=True, slots=True)
class Split:
    """Who is enrolled with which photos, which photos are probes, and which show strangers."""

    enrol: int
    enrolled: dict[str, list[Path]]
    probes: list[tuple[str, Path]]
    strangers: list[Path]

    @property
    def photos(self) -> list[Path]:
        """All photos that this split needs."""
        enrolled = [photo for photos in self.enrolled.values() for photo in photos]
        return enrolled + [photo for _, photo in self.probes] + self.strangers


def split(people: Mapping[str, Sequence[Path]], enrol: int) -> Split:
    """Enrol the first `enrol` photos, in order of file name, of everyone who has more than that.

    Their other photos are the probes; people with a single photo are the strangers. Who has more
    than one photo but no more than `enrol` takes no part.

    Raises:
        DatasetError: nobody has enough photos, or there are no strangers.
    """
    if enrol < 1:
        raise DatasetError(
            tell("At least one photo has to be enrolled, not %(count)d.", count=enrol)
        )
    known = {name: list(photos) for name, photos in people.items() if len(photos) > enrol}
    strangers = [photos[0] for photos in people.values() if len(photos) == 1]
    if not known:
        raise DatasetError(
            tell(
                "Nobody has %(count)d photos or more, of which to enrol %(enrol)d.",
                count=enrol + 1,
                enrol=enrol,
            )
        )
    if not strangers:
        raise DatasetError(tell("There are no strangers: nobody has exactly one photo."))
    enrolled = {name: photos[:enrol] for name, photos in known.items()}
    probes = [(name, photo) for name, photos in known.items() for photo in photos[enrol:]]
    return Split(enrol, enrolled, probes, strangers)


@dataclass(frozen=True, slots=True)
class OpenSet:
    """What was answered.

    Per probe: `scores` of the best person, that is how far the similarity is above the threshold of
    that face (-inf without a face), `right` whether that is the one in the photo, `decisions`. Per
    stranger the same without `right`; strangers without a face are left out, since nothing was
    searched for. `raised_by` is how much of the threshold is due to others in this gallery, in the
    mean over strangers. `probabilities` has, by a share of strangers that is presumed, those that
    are given to the best person for every probe with a face and then for every stranger, (P,).
    """

    enrol: int
    people: int
    scores: Similarities
    right: npt.NDArray[np.bool_]
    decisions: npt.NDArray[np.str_]
    stranger_scores: Similarities
    stranger_decisions: npt.NDArray[np.str_]
    fpir_promised: float
    raised_by: float
    missing: int
    probabilities: Probabilities

    @property
    def right_scores(self) -> Similarities:
        """Per probe the best person's score if that is the right one, otherwise -inf."""
        return np.where(self.right, self.scores, -np.inf)

    @property
    def named(self) -> npt.NDArray[np.bool_]:
        """Per probe whether the product named somebody."""
        return np.equal(self.decisions, Decision.MATCH)

    def dir(self, fpir: float) -> float:
        """DIR at the threshold that gives this FPIR on the strangers at hand."""
        return _dir(fpir, self.stranger_scores, self.right_scores)

    def dir_interval(self, fpir: float) -> tuple[float, float]:
        """Its 95 % interval."""
        groups = (self.stranger_scores, self.right_scores)
        return rates.interval(lambda resampled: _dir(fpir, *resampled), *groups)

    @property
    def fpir_measured(self) -> float:
        """The share of strangers for whom the product said a name.

        `ambiguous` counts as a false positive as well: it shows a stranger the names of two people.
        """
        return float(np.mean(np.isin(self.stranger_decisions, NAMING)))

    def fpir_interval(self) -> tuple[float, float]:
        """Its 95 % interval."""
        named = np.isin(self.stranger_decisions, NAMING).astype(np.float64)
        return rates.interval(lambda groups: float(groups[0].mean()), named)

    def summary(self) -> dict[str, Any]:
        """The metrics, all shares 0..1."""
        return {
            "enrol": self.enrol,
            "people": self.people,
            "probes": len(self.right),
            "strangers": len(self.stranger_scores),
            "rank1": float(self.right.mean()),
            "dir": {str(fpir): self.dir(fpir) for fpir in FPIRS},
            "fpir_promised": self.fpir_promised,
            "fpir_measured": self.fpir_measured,
            "dir_at_decision": float(np.mean(self.right & self.named)),
            "calibration_error": {
                str(share): calibration_error(self.bins(share)) for share in self.probabilities
            },
        }

    def bins(self, strangers: float) -> list[Bin]:
        """Answers by their probability where a share `strangers` of all is about strangers, and is
        presumed to be."""
        asked = np.isfinite(self.scores)
        unknown = np.zeros(len(self.stranger_scores), np.bool_)
        right = np.concatenate([self.right[asked], unknown])
        stranger = np.concatenate([np.zeros(asked.sum(), np.bool_), ~unknown])
        return list(bins(self.probabilities[strangers], right, weights(stranger, strangers)))


def evaluate(
    photos: Split,
    faces: Faces,
    calibration: Calibration,
    policy: Policy,
    *,
    progress: Progress,
) -> OpenSet:
    """Build a gallery, search for every probe and stranger, and decide as the site does.

    Photos are enrolled whatever their quality, for a fixed number of each person.
    `faces` holds what was found in each photo of the split. A probe without a face counts as not
    recognised.

    Raises:
        DatasetError: no photo to enrol shows a face, or no stranger's does.
    """
    ids = {name: person for person, name in enumerate(photos.enrolled)}
    gallery = _enrolled(photos, faces, ids)
    strangers = [face for face in map(faces.get, photos.strangers) if face is not None]
    if gallery is None or not strangers:
        raise DatasetError(
            tell("No face was found in the photos to enrol, or in those of strangers.")
        )
    probes = [faces[photo] for _, photo in photos.probes]
    answers: list[Identification | None] = []
    for face in [*probes, *strangers]:
        answers.append(_answer(face, gallery, calibration, policy) if face else None)
        progress(len(answers), len(probes) + len(strangers))
    best, unknown = answers[: len(probes)], answers[len(probes) :]
    truth = [ids[name] for name, _ in photos.probes]
    return OpenSet(
        enrol=photos.enrol,
        people=gallery.people,
        scores=_scores(best),
        right=np.array(
            [_names(answer, person) for answer, person in zip(best, truth, strict=True)]
        ),
        decisions=_decisions(best),
        stranger_scores=_scores(unknown),
        stranger_decisions=_decisions(unknown),
        fpir_promised=policy.fpir,
        raised_by=float(np.mean([answer.raised_by for answer in unknown if answer])),
        missing=sum(faces[photo] is None for photo in photos.photos),
        probabilities=_probabilities([one for one in answers if one], policy.strangers),
    )


def _answer(
    face: FoundFace, gallery: Gallery, calibration: Calibration, policy: Policy
) -> Identification:
    photo = Photo(face.embedding, face.template)
    return photo.identify(gallery, calibration, policy, quality=face.quality)


def _probabilities(answers: Sequence[Identification], presumed: float) -> dict[float, Doubles]:
    """Those of the best person, given where a share of strangers was presumed, by other shares."""
    best = np.array([answer.probability for answer in answers])
    anybody = np.array(
        [sum(likely.probability for likely in answer.candidates) for answer in answers]
    )
    return {share: presuming(share, presumed, best, anybody) for share in SHARES}


def _enrolled(photos: Split, faces: Faces, ids: Mapping[str, int]) -> Gallery | None:
    """The gallery of everyone in whose photos a face was found; None if there is nobody."""
    found = [
        (ids[name], face)
        for name, enrolled in photos.enrolled.items()
        for face in map(faces.get, enrolled)
        if face is not None
    ]
    if not found:
        return None
    gallery = Gallery(len(found[0][1].embedding))
    for template, (person, face) in enumerate(found):
        gallery.add(template, person, face.template, face.quality)
    return gallery


def _scores(answers: Sequence[Identification | None]) -> Similarities:
    return np.array([answer.margin if answer else -np.inf for answer in answers], np.float64)


def _decisions(answers: Sequence[Identification | None]) -> npt.NDArray[np.str_]:
    return np.array(
        [answer.decision if answer else Decision.UNKNOWN for answer in answers], np.str_
    )


def _names(answer: Identification | None, person: int) -> bool:
    return answer is not None and answer.candidates[0].person == person


def _dir(fpir: float, strangers: Similarities, right: Similarities) -> float:
    return rates.share_above(rates.threshold_at(fpir, strangers), right)
