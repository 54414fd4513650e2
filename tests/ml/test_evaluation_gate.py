from __future__ import annotations

import json

import numpy as np
import pytest

from ml.evaluation.gate import Reason, Verdict, in_words, judge
from tests.ml.made_up import blurred, held_out, seen

ACTIVE = held_out(20, 10, noise=1.2)


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def test_the_same_network_passes() -> None:
    verdict = judge(ACTIVE, ACTIVE)
    assert verdict.passed
    assert codes(verdict) == ["rank1_not_worse", "dir_not_worse"]
    assert verdict.reasons[0].params["difference"] == 0


def test_a_worse_network_does_not_pass() -> None:
    verdict = judge(blurred(ACTIVE, 1.0), ACTIVE)
    assert not verdict.passed
    assert codes(verdict) == ["rank1_worse", "dir_worse"]
    for reason in verdict.reasons:
        assert reason.params["high"] < 0
        assert reason.params["candidate"] < reason.params["active"]


def test_a_better_network_passes() -> None:
    verdict = judge(ACTIVE, blurred(ACTIVE, 1.0))
    assert verdict.passed
    assert all(reason.params["low"] > 0 for reason in verdict.reasons)


def test_of_networks_that_are_equally_good_hardly_one_fails() -> None:
    """Each is a different blur of the same truth, so that only chance tells them apart."""
    passed = [
        judge(
            blurred(ACTIVE, 0.6, seed=seed), blurred(ACTIVE, 0.6, seed=100 + seed), bootstraps=200
        ).passed
        for seed in range(12)
    ]
    assert sum(passed) >= 9


def test_the_pairing_sees_what_single_intervals_would_not() -> None:
    """A little worse for everybody is beyond chance, though people differ by far more than that."""
    verdict = judge(blurred(ACTIVE, 0.45), ACTIVE)
    (dir_,) = (reason for reason in verdict.reasons if "fpir" in reason.params)
    assert dir_.code == "dir_worse"
    assert dir_.params["high"] - dir_.params["low"] < 0.3


@pytest.mark.parametrize(
    ("people", "photos", "expected"),
    [
        (4, 20, ["too_few_people"]),
        (6, 6, ["too_few_probes"]),
        (3, 3, ["too_few_people", "too_few_probes"]),
    ],
)
def test_too_little_evidence_does_not_pass(people: int, photos: int, expected: list[str]) -> None:
    few = held_out(people, photos)
    verdict = judge(few, few)
    assert not verdict.passed
    assert codes(verdict) == expected


def test_just_enough_evidence_is_judged_and_its_weakness_is_told() -> None:
    few = held_out(5, 8)
    verdict = judge(few, few)
    assert verdict.passed
    assert verdict.reasons[-1] == Reason("few_strangers", {"strangers": 40, "fpir": 0.01})


def test_people_whom_the_version_in_service_has_learned_do_not_speak_for_it() -> None:
    learned = ACTIVE.labels[:8]
    rows = np.isin(ACTIVE.owners, np.arange(8))
    worse_on_them = seen(
        ACTIVE.labels,
        np.where(rows[:, None], blurred(ACTIVE, 2.0).embeddings.probes, ACTIVE.embeddings.probes),
        ACTIVE.owners,
    )
    assert not judge(worse_on_them, ACTIVE).passed
    verdict = judge(worse_on_them, ACTIVE, known_to_active=[*learned, "somebody else"])
    assert verdict.passed
    assert verdict.reasons[0] == Reason("left_out", {"people": 8})


def test_without_anybody_left_it_does_not_pass() -> None:
    verdict = judge(ACTIVE, ACTIVE, known_to_active=ACTIVE.labels)
    assert codes(verdict) == ["left_out", "too_few_people", "too_few_probes"]


def test_without_a_version_in_service_there_is_nothing_to_compare_with() -> None:
    verdict = judge(ACTIVE, None)
    assert not verdict.passed
    assert codes(verdict) == ["nothing_to_compare_with"]


def test_other_photos_are_no_comparison() -> None:
    with pytest.raises(ValueError, match="same photos"):
        judge(ACTIVE, held_out(20, 9))


@pytest.mark.parametrize(
    "verdict",
    [judge(blurred(ACTIVE, 0.8), ACTIVE, known_to_active=ACTIVE.labels[:1]), judge(ACTIVE, None)],
)
def test_a_verdict_survives_json(verdict: Verdict) -> None:
    assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict
    assert Verdict.from_dict({"against": "sface", **verdict.as_dict()}) == verdict


def test_it_says_in_words_what_it_found() -> None:
    told = in_words(judge(blurred(ACTIVE, 1.0), ACTIVE, known_to_active=ACTIVE.labels[:1]))
    first, left_out, rank1, dir_ = told.splitlines()
    assert first == "Did not pass the gate."
    assert "1 person was left out of the comparison" in left_out
    assert "Rank 1" in rank1
    assert "Worse, and not by chance: the difference is −" in rank1
    assert "DIR at FPIR 1\xa0%" in dir_


def test_every_reason_has_words() -> None:
    few = held_out(3, 3)
    verdicts = [judge(few, few), judge(ACTIVE, None), judge(held_out(5, 8), held_out(5, 8))]
    for verdict in verdicts:
        for line in in_words(verdict).splitlines():
            assert line.endswith(".")
            assert "_" not in line
