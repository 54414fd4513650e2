from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ml.calibration import Calibration, identify, threshold
from ml.evaluation.fitting import PEOPLE_NEEDED, fit
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.types import Decision, Floats
from ml.versions import default
from tests.ml.conftest import DEMO, GROUPS, photo

SIZE = 128
FPIR = 0.01


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return Calibration.load(default.FITTED)


def unit(vectors: npt.ArrayLike) -> Floats:
    values = np.asarray(vectors, np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=-1, keepdims=True), np.float32)


def people(count: int, alike: float = 0.0, seed: int = 0) -> Floats:
    """Random faces; `alike` is about the cosine of any two."""
    rng = np.random.default_rng(seed)
    common = unit(np.random.default_rng(99).normal(size=SIZE))
    own = unit(rng.normal(size=(count, SIZE)))
    return unit(np.sqrt(alike) * common + np.sqrt(1 - alike) * own)


def gallery_of(embeddings: Floats) -> Gallery:
    gallery = Gallery(SIZE)
    for person, embedding in enumerate(embeddings):
        gallery.add(person, person, embedding)
    return gallery


def test_the_packaged_calibration_says_where_it_came_from(calibration: Calibration) -> None:
    assert calibration.source["people"] >= PEOPLE_NEEDED
    assert calibration.source["photos"] > calibration.source["people"]
    assert "calibrate" in calibration.source["command"]


def test_saved_numbers_are_read_back(calibration: Calibration, tmp_path: Path) -> None:
    calibration.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == calibration


def test_the_threshold_grows_with_the_gallery(calibration: Calibration) -> None:
    expected = [calibration.expected(n) for n in (1, 10, 100, 1000, 100_000)]
    z = calibration.standardised(FPIR)
    thresholds = [spread.mean + z * spread.sd for spread in expected]
    assert thresholds == sorted(thresholds)
    assert 0.25 < thresholds[0] < thresholds[-1] < 0.75


def test_the_threshold_grows_with_the_promise(calibration: Calibration) -> None:
    z = [calibration.standardised(fpir) for fpir in (0.5, 0.1, 0.01, 0.001, 0.0001, 0.00001)]
    assert z == sorted(z)
    assert len(set(z)) == len(z)


def test_people_who_look_alike_raise_the_threshold(calibration: Calibration) -> None:
    usual = threshold(gallery_of(people(12)), calibration, FPIR)
    family = threshold(gallery_of(people(12, alike=0.5)), calibration, FPIR)
    assert usual.raised_by == 0
    assert family.raised_by > 0.1
    assert family.similarity == pytest.approx(usual.similarity + family.raised_by, abs=0.02)


def test_two_people_who_look_alike_are_enough_to_raise_it(calibration: Calibration) -> None:
    assert threshold(gallery_of(people(2, alike=0.5)), calibration, FPIR).raised_by > 0.1


def test_a_few_different_people_hardly_lower_it(calibration: Calibration) -> None:
    expected = calibration.expected(5)
    usual = expected.mean + calibration.standardised(FPIR) * expected.sd
    assert threshold(gallery_of(people(5)), calibration, FPIR).similarity > usual - 0.02


def test_probability_follows_similarity(calibration: Calibration) -> None:
    enrolled = people(20)
    gallery = gallery_of(enrolled)
    noise = people(1, seed=5)[0]
    probes = [unit(enrolled[3] * share + noise * (1 - share)) for share in np.linspace(0, 1, 12)]
    answers = [identify(probe, gallery, calibration, fpir=FPIR) for probe in probes]
    near = [next(c for c in a.candidates if c.person == 3) for a in answers[4:]]
    assert [c.probability for c in near] == sorted(c.probability for c in near)
    assert answers[-1].decision == Decision.MATCH
    assert answers[-1].probability > 0.99
    assert answers[0].decision == Decision.UNKNOWN
    assert answers[0].probability < 0.2
    for answer in answers:
        assert sum(c.probability for c in answer.candidates) <= 1


def test_two_people_who_fit_are_both_named(calibration: Calibration) -> None:
    one, other = people(2)
    gallery = gallery_of(np.stack([one, other, *people(10, seed=3)]))
    answer = identify(unit(one + other), gallery, calibration, fpir=FPIR)
    assert answer.decision == Decision.AMBIGUOUS
    assert {candidate.person for candidate in answer.candidates[:2]} == {0, 1}
    assert answer.probability <= 0.5


def test_a_face_too_bad_to_be_recognised_is_unknown(calibration: Calibration) -> None:
    faces = people(10)
    bad, good = (
        identify(faces[3], gallery_of(faces), calibration, fpir=FPIR, quality=quality)
        for quality in (0.09, 0.1)
    )
    assert (bad.decision, good.decision) == (Decision.UNKNOWN, Decision.MATCH)
    assert bad.candidates == good.candidates


def test_an_empty_gallery_knows_nobody(calibration: Calibration) -> None:
    answer = identify(people(1)[0], Gallery(SIZE), calibration, fpir=FPIR)
    assert (answer.decision, answer.probability, answer.candidates) == (Decision.UNKNOWN, 0.0, ())


def test_one_enrolled_person_is_told_from_strangers(calibration: Calibration) -> None:
    face = people(1)
    gallery = gallery_of(face)
    assert identify(face[0], gallery, calibration, fpir=FPIR).decision == Decision.MATCH
    for stranger in people(50, seed=4):
        assert identify(stranger, gallery, calibration, fpir=FPIR).decision == Decision.UNKNOWN


@pytest.fixture(scope="module")
def names() -> list[str]:
    return sorted(path.name for path in (DEMO / "people").iterdir())


@pytest.fixture(scope="module")
def gallery(names: list[str], recognizer: Recognizer) -> Gallery:
    gallery = Gallery(recognizer.embedding_size)
    for person, name in enumerate(names):
        for number in range(4):
            (face,) = recognizer.recognize(photo(f"people/{name}/{number}.jpg")).faces
            gallery.add(person * 10 + number, person, face.embedding, face.quality.score)
    return gallery


class TestDemoGallery:
    """Rendered people look more alike to the network than real ones: a fixed threshold that fits
    real faces would name strangers."""

    def answers(
        self, path: str, names: list[str], gallery: Gallery, recognizer: Recognizer
    ) -> list[str | None]:
        """The name of each face of a photo, or None."""
        found = [
            identify(face.embedding, gallery, recognizer.calibration, fpir=FPIR)
            for face in recognizer.recognize(photo(path)).faces
        ]
        return [
            names[answer.candidates[0].person] if answer.decision == Decision.MATCH else None
            for answer in found
        ]

    def test_other_photos_are_named_right_and_none_wrong(
        self, names: list[str], gallery: Gallery, recognizer: Recognizer
    ) -> None:
        right = 0
        for name in names:
            for number in range(4, 8):
                path = f"photos/people/{name}/{number}.jpg"
                (answer,) = self.answers(path, names, gallery, recognizer)
                assert answer in {name, None}
                right += answer == name
        assert right >= 45  # of 48, as the README says

    def test_strangers_are_unknown(
        self, names: list[str], gallery: Gallery, recognizer: Recognizer
    ) -> None:
        answers = [
            self.answers(f"photos/strangers/{k}.jpg", names, gallery, recognizer) for k in range(8)
        ]
        assert answers == [[None]] * 8

    @pytest.mark.parametrize("group", GROUPS)
    def test_everybody_in_a_group_is_named_right(
        self, group: str, names: list[str], gallery: Gallery, recognizer: Recognizer
    ) -> None:
        answers = self.answers(f"photos/groups/{group}", names, gallery, recognizer)
        assert answers == GROUPS[group]  # from left to right


def test_a_fit_keeps_its_promise_on_other_people() -> None:
    """Made-up faces: what is fitted on some must hold for others of the same kind."""

    def made_up(count: int, seed: int) -> dict[str, Floats]:
        faces = people(count, alike=0.1, seed=seed)
        noise = np.random.default_rng(seed + 1).normal(size=(count, 12, SIZE)) * 0.07
        return {
            str(number): unit(face + noise[number].astype(np.float32))
            for number, face in enumerate(faces)
        }

    fitted = fit(made_up(PEOPLE_NEEDED, 1), {"people": PEOPLE_NEEDED}, repetitions=1)
    others = made_up(300, 2)
    gallery = gallery_of(np.stack([others[str(number)][0] for number in range(40)]))
    answers = [
        identify(photo, gallery, fitted, fpir=0.05).decision
        for number in range(40, 300)
        for photo in others[str(number)][:4]
    ]
    assert 0.02 < np.mean([answer != Decision.UNKNOWN for answer in answers]) < 0.10


def test_too_few_people_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit({"a": people(3)}, {})
