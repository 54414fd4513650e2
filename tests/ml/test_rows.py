"""A gallery whose people lie in rows, in files, answers as one of which every template is looked at
in the plainest way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml import rows
from ml.calibration import Calibration, Policy, identify
from ml.gallery import Gallery
from ml.inference.recognizer import Recognizer
from ml.nearest import PART, nearest
from ml.prototypes import AGREEMENT_RANGE, prototypes
from ml.rows import Rows
from ml.settled import InRows
from ml.types import Doubles, Floats, Identification
from tests.ml.conftest import DEMO, photo
from tests.ml.test_gallery import unit

CALIBRATION = Path(__file__).resolve().parents[2] / "ml" / "versions" / "sface-calibration.json"
SIZE = 128
Enrolled = dict[int, tuple[int, Floats, float]]
"""Person, embedding and quality by template."""


def plain_prototypes(enrolled: Enrolled) -> dict[int, Doubles]:
    return {
        person: plain_prototype(
            [(one, quality) for owner, one, quality in enrolled.values() if owner == person]
        )
        for person in {owner for owner, _, _ in enrolled.values()}
    }


def plain_prototype(own: list[tuple[Floats, float]]) -> Doubles:
    """One photo after the other."""
    agreement = [
        np.median([one @ other for other, _ in own if other is not one]) if len(own) > 2 else 1.0
        for one, _ in own
    ]
    weights = [
        max(quality, 0.01) * np.clip(1 - (max(agreement) - agreed) / AGREEMENT_RANGE, 0, 1)
        for (_, quality), agreed in zip(own, agreement, strict=True)
    ]
    total = np.sum([weight * one for weight, (one, _) in zip(weights, own, strict=True)], axis=0)
    return np.asarray(total / np.linalg.norm(total))


def in_files(gallery: Gallery, folder: Path) -> Gallery:
    folder.mkdir()
    assert isinstance(gallery.settled, InRows)
    gallery.settled.joined(gallery.recent_in_rows()).save(folder)
    return Gallery(SIZE, InRows(Rows.load(folder)))


def change(drawn: np.random.Generator, enrolled: Enrolled, *galleries: Gallery) -> None:
    """Somebody's photo comes, becomes another's, or goes."""
    template, person = int(drawn.integers(200)), int(drawn.integers(60))
    face = np.random.default_rng(person).normal(size=SIZE)
    embedding, quality = unit(face + 0.7 * drawn.normal(size=SIZE)), float(drawn.random())
    enrolled.pop(template, None)
    if stays := drawn.random() < 0.7:
        enrolled[template] = person, embedding, quality
    for gallery in galleries:
        if stays:
            gallery.add(template, person, embedding, quality)
        else:
            gallery.remove(template)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_has_changed_the_answers_are_those_of_all_templates(
    seed: int, tmp_path: Path
) -> None:
    drawn, calibration = np.random.default_rng(seed), Calibration.load(CALIBRATION)
    gallery, never_in_rows, enrolled = Gallery(SIZE), Gallery(SIZE), Enrolled()
    for step in range(900):
        change(drawn, enrolled, gallery, never_in_rows)
        if step % 150 == 100:
            gallery = in_files(gallery, tmp_path / str(step))
        if step % 30 == 29:
            probe = unit(drawn.normal(size=SIZE) + 2 * next(iter(enrolled.values()))[1])
            finds_all(gallery, probe, enrolled)
            answers = [
                identify(probe, one, calibration, Policy(0.01)) for one in (gallery, never_in_rows)
            ]
            are_the_same(*answers)


def finds_all(gallery: Gallery, probe: Floats, enrolled: Enrolled) -> None:
    truth = {one: float(its @ probe) for one, its in plain_prototypes(enrolled).items()}
    near = gallery.search(probe, len(truth) + 1)
    assert {one.person: one.similarity for one in near} == pytest.approx(truth, abs=1e-6)
    assert [one.similarity for one in near] == sorted(
        (one.similarity for one in near), reverse=True
    )
    assert gallery.everybody == truth.keys()
    assert (gallery.people, gallery.templates) == (len(truth), len(enrolled))


def are_the_same(one: Identification, other: Identification) -> None:
    assert (one.decision, one.doubtful) == (other.decision, other.doubtful)
    assert one.threshold == pytest.approx(other.threshold, abs=1e-6)
    for mine, theirs in zip(one.candidates, other.candidates, strict=True):
        assert (mine.person, mine.templates) == (theirs.person, theirs.templates)
        assert mine.other_name == theirs.other_name
        assert mine.similarity == pytest.approx(theirs.similarity, abs=1e-6)
        assert mine.probability == pytest.approx(theirs.probability, abs=1e-5)


def test_the_demo_people_are_named_as_before(
    demo_people: Gallery, recognizer: Recognizer, tmp_path: Path
) -> None:
    gallery, asked = in_files(demo_people, tmp_path / "rows"), 0
    for path in sorted((DEMO / "photos" / "groups").glob("*.jpg")):
        for face in recognizer.recognize(photo(f"photos/groups/{path.name}")).faces:
            answers = [
                identify(face.embedding, one, recognizer.calibration, Policy(0.01))
                for one in (gallery, demo_people)
            ]
            are_the_same(*answers)
            asked += 1
    assert asked > 10


@pytest.mark.parametrize("count", [1, 63, 3 * 64 + 5, 2 * PART + 77])
@pytest.mark.parametrize("k", [1, 7, 70])
def test_the_nearest_are_found_among_any_number_of_rows(count: int, k: int) -> None:
    drawn = np.random.default_rng(count)
    vectors, probes = unit(drawn.normal(size=(count, 8))), unit(drawn.normal(size=(3, 8)))
    without = drawn.random(count) < 0.4
    for probe, (found, similarities) in zip(
        probes, nearest(vectors, probes, k, without), strict=True
    ):
        truth = np.where(without, -np.inf, vectors @ probe)
        assert found.tolist() == np.argsort(-truth)[: min(k, int((~without).sum()))].tolist()
        assert similarities.tolist() == pytest.approx(truth[found].tolist(), abs=1e-6)


def test_of_a_template_that_is_overwritten_nothing_is_left(tmp_path: Path) -> None:
    embeddings = unit(np.random.default_rng(0).normal(size=(6, SIZE)))
    gallery = Gallery(SIZE)
    for template, embedding in enumerate(embeddings):
        gallery.add(template + 10, template // 2, embedding)
    mapped = in_files(gallery, tmp_path / "rows")
    gone, stays = embeddings[3].tobytes(), embeddings[2].tobytes()
    theirs = gallery.prototype(1).tobytes()
    assert sum(bytes_in(tmp_path).count(one) for one in (gone, stays, theirs)) == 3
    rows.overwrite(tmp_path / "rows", [13, 99])
    assert [bytes_in(tmp_path).count(one) for one in (gone, stays, theirs)] == [0, 1, 0]
    mapped.remove(13)
    assert mapped.search(embeddings[2], 1)[0].similarity == pytest.approx(1, abs=1e-6)


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.npy")))


def test_of_nothing_nothing_is_made() -> None:
    """Of somebody whose templates are overwritten while they are looked at."""
    assert not prototypes(np.zeros((1, 3, SIZE), np.float32), np.ones((1, 3))).any()
