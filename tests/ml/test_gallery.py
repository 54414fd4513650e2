from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.around import AROUND, ENOUGH_AROUND
from ml.gallery import Gallery
from ml.types import Floats

SIZE = 16


def unit(vectors: npt.ArrayLike) -> Floats:
    values = np.asarray(vectors, np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=-1, keepdims=True), np.float32)


def some(count: int, seed: int = 0) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32))


def test_search_is_exact() -> None:
    embeddings = some(500)
    gallery = Gallery(SIZE)
    for person, embedding in enumerate(embeddings):
        gallery.add(person, person, embedding)
    for probe in some(20, seed=1):
        truth = np.argsort(-(embeddings @ probe))[:5]
        found = gallery.search(probe)
        assert [near.person for near in found] == truth.tolist()
        assert found[0].similarity == pytest.approx(float(embeddings[truth[0]] @ probe), abs=1e-6)


def test_the_nearest_photos_of_a_person_are_the_evidence() -> None:
    base = some(1)[0]
    photos = unit(base + 0.3 * some(6, seed=1))
    gallery = Gallery(SIZE)
    for number, embedding in enumerate(photos):
        gallery.add(100 + number, 7, embedding)
    evidence = gallery.evidence(7, photos[4])
    assert evidence[0] == 104
    assert len(evidence) == 3


def test_an_empty_gallery_finds_nobody() -> None:
    gallery = Gallery(SIZE)
    assert gallery.search(some(1)[0]) == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 11), st.integers(0, 4)), max_size=60),
)
def test_followed_changes_give_the_gallery_that_is_built_anew(
    changes: list[tuple[bool, int, int]],
) -> None:
    embeddings = some(12)
    followed = Gallery(SIZE)
    kept: dict[int, int] = {}
    for added, template, person in changes:
        if added:
            followed.add(template, person, embeddings[template])
            kept[template] = person
        else:
            followed.remove(template)
            kept.pop(template, None)
        for near in followed.search(embeddings[0], 12):
            followed.around(near.person)
    anew = Gallery(SIZE)
    for template, person in kept.items():
        anew.add(template, person, embeddings[template])
    assert (followed.people, followed.templates) == (anew.people, anew.templates)
    for probe in some(3, seed=1):
        ours, theirs = followed.search(probe, 12), anew.search(probe, 12)
        assert {near.person for near in ours} == {near.person for near in theirs}
        for mine, other in zip(ours, theirs, strict=True):
            assert mine.similarity == pytest.approx(other.similarity, abs=1e-5)
    for person in set(kept.values()):
        around, there = followed.around(person), anew.around(person)
        assert {near.person for near in around} == {near.person for near in there}


@pytest.mark.parametrize("good", [2, 4, 9])
def test_one_wrong_photo_does_not_pull_a_person_off(good: int) -> None:
    face, wrong = some(2)
    gallery = Gallery(SIZE)
    for number, embedding in enumerate(unit(face + 0.35 * some(good, seed=1))):
        gallery.add(number, 1, embedding)
    (before,) = gallery.search(face)
    gallery.add(99, 1, wrong)
    (after,) = gallery.search(face)
    assert after.similarity > before.similarity - 0.02


def test_a_blurred_photo_counts_less() -> None:
    face, noise = some(2)
    equal, weighted = Gallery(SIZE), Gallery(SIZE)
    for gallery, quality in ((equal, 1.0), (weighted, 0.2)):
        gallery.add(1, 1, face)
        gallery.add(2, 1, noise, quality)
    assert weighted.search(face)[0].similarity > equal.search(face)[0].similarity


def test_similarity_stays_within_its_range() -> None:
    gallery = Gallery(SIZE)
    for number, embedding in enumerate(some(50)):
        gallery.add(number, number, embedding * np.float32(1.0000002))
    for embedding in some(50):
        assert gallery.search(embedding, 50)[-1].similarity >= -1
        assert gallery.search(embedding, 50)[0].similarity <= 1


def test_who_is_around_a_person_is_everybody_else_nearest_first() -> None:
    embeddings = some(AROUND + 30)
    gallery = Gallery(SIZE)
    for person, embedding in enumerate(embeddings):
        gallery.add(person, person, embedding)
    truth = [person for person in np.argsort(-(embeddings @ embeddings[3])) if person != 3]
    assert [near.person for near in gallery.around(3)] == truth[:AROUND]


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**31),
    st.lists(st.tuples(st.booleans(), st.integers(0, 49)), min_size=1, max_size=80),
)
def test_who_is_around_a_person_follows_a_large_gallery(
    seed: int, changes: list[tuple[bool, int]]
) -> None:
    """Of more people than are remembered, the nearest ones are always right."""
    embeddings = some(50, seed=seed)
    gallery = Gallery(SIZE)
    there = set(range(0, 50, 2)) | {0}
    for person in there:
        gallery.add(person, person, embeddings[person])
    for added, person in changes:
        if added:
            gallery.add(person, person, embeddings[person])
            there.add(person)
        elif person:  # the one who is asked about stays
            gallery.remove(person)
            there.discard(person)
        near = [one.person for one in gallery.around(0)]
        others = sorted(there - {0}, key=lambda other: -float(embeddings[other] @ embeddings[0]))
        assert near == others[: len(near)]
        assert len(near) >= min(len(others), ENOUGH_AROUND)


def test_somebody_whose_photos_change_is_searched_for_again() -> None:
    first, second, third = some(3)
    gallery = Gallery(SIZE)
    gallery.add(1, 1, first)
    gallery.add(2, 2, second)
    (before,) = gallery.around(1)
    gallery.add(1, 1, third)
    (after,) = gallery.around(1)
    assert before.similarity == pytest.approx(float(first @ second), abs=1e-6)
    assert after.similarity == pytest.approx(float(third @ second), abs=1e-6)
