from __future__ import annotations

import json

import numpy as np
import pytest

from ml.evaluation import comparisons, rates
from ml.evaluation.comparisons import compare, search
from ml.evaluation.held_out import FARS, metrics
from ml.evaluation.rates import FPIRS
from ml.evaluation.samples import ENROL, HeldOut, enrolled_as
from ml.gallery import Gallery
from tests.ml.made_up import SIZE, blurred, held_out, seen


def test_people_who_differ_are_all_told_apart() -> None:
    found = metrics(held_out(noise=0.2), bootstraps=50)
    assert found.rank1 is not None
    assert (found.rank1.value, found.rank1.low, found.rank1.high) == (1, 1, 1)
    assert all(figure and figure.value == 1 for figure in [*found.tar.values(), found.dir[0.1]])


def test_stricter_rates_find_fewer_and_values_lie_in_their_intervals() -> None:
    found = metrics(held_out(30, 20, noise=2.2), bootstraps=200)
    dirs, tars = list(found.dir.values()), list(found.tar.values())
    assert found.rank1 is not None
    shares = [found.rank1.value, *(figure.value for figure in dirs if figure)]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) == 4
    for figure in [found.rank1, *dirs, *tars]:
        assert figure is not None
        assert 0 < figure.low < figure.value < figure.high < 1


def test_tar_is_that_of_all_pairs_compared_one_by_one() -> None:
    people = held_out(6, 5, noise=1.3)
    same: list[float] = []
    different: list[float] = []
    for one in range(30):
        for other in range(one):
            similarity = float(people.embeddings.probes[one] @ people.embeddings.probes[other])
            (same if people.owners[one] == people.owners[other] else different).append(similarity)
    found = metrics(people, bootstraps=10)
    for far in (0.1, 0.01):
        limit = rates.threshold_at(far, np.array(different))
        figure = found.tar[far]
        assert figure is not None
        assert figure.value == pytest.approx(rates.share_above(limit, np.array(same)))
    assert (len(found.pairs.genuine), len(found.pairs.impostors)) == (60, 375)


def test_people_are_enrolled_as_a_gallery_would() -> None:
    people = held_out(2, 5, noise=1.3)
    gallery = Gallery(SIZE)
    for photo in range(ENROL):
        gallery.add(photo, 7, people.embeddings.probes[photo])
    (found,) = gallery.search(people.embeddings.probes[4])
    assert found.similarity == pytest.approx(
        float(enrolled_as(people.embeddings[:ENROL]) @ people.embeddings.probes[4]), abs=1e-6
    )


def test_everybody_is_searched_for_in_half_of_the_galleries_and_a_stranger_to_the_others() -> None:
    people = held_out(11, 6)
    searches = search(people.embeddings, people.owners)
    half = comparisons.DRAWS // 2
    assert np.bincount(searches.owners).tolist() == [half * (6 - ENROL)] * 11
    assert np.bincount(searches.stranger_owners).tolist() == [half * 6] * 11


def test_who_has_too_few_photos_to_be_enrolled_is_only_ever_a_stranger() -> None:
    people = held_out(8, 6)
    few = HeldOut(people.labels, people.embeddings[3:], people.owners[3:])
    searches = search(few.embeddings, few.owners)
    assert 0 not in searches.owners
    assert 0 in searches.stranger_owners
    assert few.probes == 7 * 6


def test_two_networks_are_searched_in_the_same_galleries() -> None:
    one = held_out(12, 8)
    first = search(one.embeddings, one.owners, seed=5)
    other = blurred(one, 0.5)
    second = search(other.embeddings, other.owners, seed=5)
    assert np.array_equal(first.owners, second.owners)
    assert np.array_equal(first.stranger_owners, second.stranger_owners)
    assert not np.array_equal(first.best, second.best)


def test_the_same_seed_gives_the_same_metrics() -> None:
    people = held_out(noise=1.3)
    same = [metrics(people, seed=seed, bootstraps=50).summary() for seed in (1, 1, 2)]
    assert same[0] == same[1] != same[2]


def test_what_so_few_photos_cannot_tell_is_none() -> None:
    summary = metrics(held_out(5, 8), bootstraps=50).summary()
    assert summary["dir"]["0.1"] is not None
    assert summary["dir"]["0.01"] is summary["dir"]["0.003"] is None
    assert summary["tar"]["0.001"] is None
    assert (summary["people"], summary["photos"], summary["probes"]) == (5, 40, 40)


@pytest.mark.parametrize(("people", "photos"), [(0, 0), (1, 9), (6, 2)])
def test_without_anybody_to_search_for_there_are_no_metrics(people: int, photos: int) -> None:
    if people:
        nobody = held_out(people, photos)
    else:
        nobody = seen((), np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
    found = metrics(nobody, bootstraps=20)
    assert found.rank1 is None
    assert set(found.dir.values()) == {None}
    json.dumps(found.summary(), allow_nan=False)


def test_of_very_many_pairs_a_part_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    people = held_out(30, 20, noise=1.4)
    everything = compare(people.embeddings.probes, people.owners)
    monkeypatch.setattr(comparisons, "MOST_PAIRS", 50_000)
    part = compare(people.embeddings.probes, people.owners)
    assert 45_000 < len(part.impostors) <= 50_000
    assert np.array_equal(part.genuine, everything.genuine)
    ones = np.ones((1, 30), np.float32)
    assert part.tar(FARS, ones) == pytest.approx(everything.tar(FARS, ones), abs=0.05)


def test_a_person_with_very_many_photos_is_one_person() -> None:
    people = held_out(5, 130)
    assert metrics(people, bootstraps=5).photos == 500
    assert np.array_equal(people.limited(9).embeddings.probes, people.limited(9).embeddings.probes)


def test_people_can_be_chosen_and_left_out() -> None:
    people = held_out(5, 4)
    chosen = people.only(["person 003", "person 001"])
    assert chosen.labels == ("person 001", "person 003")
    assert np.array_equal(chosen.people["person 003"].probes, people.people["person 003"].probes)
    assert people.without(chosen.labels).labels == ("person 000", "person 002", "person 004")
    assert people.without(people.labels).people == {}


def test_metrics_are_ready_for_json() -> None:
    summary = json.loads(json.dumps(metrics(held_out(), bootstraps=20).summary()))
    assert list(summary["dir"]) == [str(fpir) for fpir in FPIRS]
    assert list(summary["tar"]) == [str(far) for far in FARS]
    assert set(summary["rank1"]) == {"value", "low", "high"}
