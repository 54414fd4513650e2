from __future__ import annotations

import json

import numpy as np
import pytest

from ml.evaluation.differences import Difference
from ml.evaluation.gate import MARGIN, RISK, judge
from ml.evaluation.verdicts import Reason, Verdict, in_words, sentence
from ml.types import Doubles
from tests.ml.made_up import blurred, held_out, seen

ACTIVE = held_out(20, 10, noise=1.2)


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def test_of_the_same_network_among_few_people_it_cannot_be_told() -> None:
    """Nobody of eight was named worse, which does not say that nobody of a hundred would be."""
    eight = held_out(8, 20, noise=0.4)
    verdict = judge(eight, eight)
    assert (verdict.outcome, verdict.passed) == ("cannot_tell", False)
    assert codes(verdict) == ["rank1_unclear", "dir_unclear", "needed"]
    rank1, _, needed = verdict.reasons
    assert rank1.params["candidate"] == rank1.params["active"] == 1
    assert rank1.params["low"] < -MARGIN < 0 < rank1.params["high"]
    assert needed.params["people"] > 30
    assert needed.params["photos"] == 20 * needed.params["people"]


def test_of_the_same_network_among_many_people_it_is_as_good_and_no_better() -> None:
    many = held_out(120, 6, noise=0.4)
    verdict = judge(many, many, bootstraps=100)
    assert (verdict.outcome, verdict.passed) == ("as_good", True)
    assert codes(verdict) == ["rank1_as_good", "dir_as_good"]


def test_a_worse_network_is_worse() -> None:
    verdict = judge(blurred(ACTIVE, 1.0), ACTIVE)
    assert (verdict.outcome, verdict.passed) == ("worse", False)
    assert codes(verdict) == ["rank1_worse", "dir_worse"]
    for reason in verdict.reasons:
        assert reason.params["high"] < 0
        assert reason.params["candidate"] < reason.params["active"]


def test_a_better_network_is_better() -> None:
    verdict = judge(ACTIVE, blurred(ACTIVE, 1.0))
    assert (verdict.outcome, verdict.passed) == ("better", True)
    assert all(reason.params["low"] > 0 for reason in verdict.reasons)


def test_of_networks_that_are_equally_good_hardly_one_is_called_better() -> None:
    """Each is a different blur of the same truth, so that only chance tells them apart."""
    outcomes = [
        judge(
            blurred(ACTIVE, 0.6, seed=seed), blurred(ACTIVE, 0.6, seed=100 + seed), bootstraps=200
        ).outcome
        for seed in range(12)
    ]
    assert outcomes.count("better") <= 1


def test_a_loss_that_few_people_cannot_show_is_not_taken_for_none() -> None:
    """The gate of before let such networks pass: what falls by a fifth, among five people."""
    outcomes = []
    for seed in range(8):
        five = held_out(5, 10, noise=1.2, seed=seed)
        outcomes.append(judge(blurred(five, 0.6, seed=seed), five, bootstraps=200).outcome)
    assert not {"better", "as_good"} & set(outcomes)


def test_the_pairing_sees_what_single_intervals_would_not() -> None:
    """A little worse for everybody is beyond chance, though people differ by far more than that."""
    verdict = judge(blurred(ACTIVE, 0.5), ACTIVE)
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
    assert verdict.outcome == "cannot_tell"
    assert codes(verdict) == expected


def test_just_enough_evidence_is_judged_and_its_weakness_is_told() -> None:
    few = held_out(5, 8)
    verdict = judge(few, few)
    assert verdict.outcome == "cannot_tell"
    assert verdict.reasons[-1] == Reason("few_strangers", {"strangers": 40, "fpir": 0.01})


def test_people_whom_the_version_in_service_has_learned_do_not_speak_for_it() -> None:
    learned = ACTIVE.labels[:8]
    rows = np.isin(ACTIVE.owners, np.arange(8))
    worse_on_them = seen(
        ACTIVE.labels,
        np.where(rows[:, None], blurred(ACTIVE, 2.0).embeddings.probes, ACTIVE.embeddings.probes),
        ACTIVE.owners,
    )
    assert judge(worse_on_them, ACTIVE).outcome == "worse"
    verdict = judge(worse_on_them, ACTIVE, known_to_active=[*learned, "somebody else"])
    assert verdict.outcome == "cannot_tell"
    assert verdict.reasons[0] == Reason("left_out", {"people": 8})
    assert all(reason.params.get("difference", 0) == 0 for reason in verdict.reasons)


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


def test_the_more_versions_these_people_have_judged_the_more_certainty_it_takes() -> None:
    """What is better at the first try may be luck at the fourth."""
    before = blurred(ACTIVE, 0.55)
    first, fourth = (judge(ACTIVE, before, tries=tries) for tries in (1, 30))
    assert (first.outcome, fourth.outcome) == ("better", "cannot_tell")
    assert "tries" not in codes(first)
    (told,) = (reason for reason in fourth.reasons if reason.code == "tries")
    assert told.params == {"tries": 30, "level": round(1 - RISK / 900, 4)}
    assert "number 30 to be judged on these people" in sentence(told)
    for one, other in zip(first.reasons, fourth.reasons, strict=False):
        assert other.params["low"] < one.params["low"]
        assert other.params["difference"] == one.params["difference"]


def resampled(value: float, deviation: float) -> Doubles:
    """A sample, and resamples of it that lie around it by that much."""
    shifts = np.random.default_rng(0).normal(size=2000)
    shifts = (shifts - shifts.mean()) / shifts.std()
    return np.concatenate([[value], value + deviation * shifts])


class TestDifference:
    def test_the_ends_are_those_of_students_t(self) -> None:
        even = np.full(2001, 0.9)
        one = Difference.of(resampled(0.95, 0.02), even, people=20)
        low, high = one.ends(0.05)
        # 0.02 * sqrt(20 / 19), with two unseen people of 22 who differ by a tenth each; t of 19
        # degrees of freedom is 1.729.
        error = np.hypot(0.02 * np.sqrt(20 / 19), np.sqrt(2) * 0.1 / 22)
        assert low == pytest.approx(0.05 - 1.7291 * error, abs=1e-5)
        assert high == pytest.approx(0.05 + 1.7291 * error, abs=1e-5)

    def test_a_smaller_risk_reaches_farther_and_never_beyond_all(self) -> None:
        one = Difference(0.9, 0.5, 0.3, people=5)
        assert one.ends(0.01)[0] < one.ends(0.05)[0]
        assert one.ends(1e-6) == (-1, 1)

    def test_so_many_people_as_it_needs_would_settle_it(self) -> None:
        one = Difference(0.9, 0.9, 0.04, people=20)
        needed = one.people_needed(0.01, 0.05)
        # (1.645 + 0.842)^2 * 0.04^2 * 20 / 0.01^2, and a little for those who were not seen
        assert 1979 < needed < 2100
        deviation = 0.04 * (20 / needed) ** 0.5
        assert Difference(0.9, 0.9, deviation, needed).ends(0.05)[0] > -0.01

    def test_without_any_spread_it_is_those_who_were_not_seen_that_are_reckoned_with(self) -> None:
        assert 30 < Difference(1.0, 1.0, 0.0, people=8).people_needed(0.01, 0.05) < 50

    def test_nobody_is_no_comparison(self) -> None:
        with pytest.raises(ValueError, match="nothing to compare"):
            Difference.of(np.full(10, np.nan), np.zeros(10), people=5)


@pytest.mark.parametrize(
    "verdict",
    [judge(blurred(ACTIVE, 0.8), ACTIVE, known_to_active=ACTIVE.labels[:1]), judge(ACTIVE, None)],
)
def test_a_verdict_survives_json(verdict: Verdict) -> None:
    assert Verdict.from_dict(json.loads(json.dumps(verdict.as_dict()))) == verdict
    assert Verdict.from_dict({"against": "sface", **verdict.as_dict()}) == verdict


def of_before(*codes: str) -> list[dict[str, object]]:
    shares = {"candidate": 0.9, "active": 0.95, "difference": -0.05, "low": -0.1, "high": 0.01}
    return [{"code": code, "params": shares} for code in codes]


@pytest.mark.parametrize(
    ("passed", "reasons", "outcome"),
    [
        (True, of_before("rank1_not_worse", "dir_not_worse"), "as_good"),
        (False, of_before("rank1_not_worse", "dir_worse"), "worse"),
        (False, [{"code": "too_few_people", "params": {"people": 2, "needed": 5}}], "cannot_tell"),
        (False, [{"code": "answers_by_classes", "params": {}}], "cannot_tell"),
    ],
)
def test_a_verdict_of_an_earlier_facesite_is_read(
    passed: bool, reasons: list[dict[str, object]], outcome: str
) -> None:
    verdict = Verdict.from_dict({"passed": passed, "reasons": reasons, "against": "sface"})
    assert (verdict.outcome, verdict.passed) == (outcome, passed)
    for line in in_words(verdict).splitlines():
        assert line.endswith(".")
        assert "_" not in line


def test_it_says_in_words_what_it_found() -> None:
    told = in_words(judge(blurred(ACTIVE, 1.0), ACTIVE, known_to_active=ACTIVE.labels[:1]))
    first, left_out, rank1, dir_ = told.splitlines()
    assert first == "Worse than the version in service. It did not pass the gate."
    assert "1 person was left out of the comparison" in left_out
    assert "Rank 1" in rank1
    assert "Worse by more than chance. The difference is −" in rank1
    assert "each end at 95\xa0% certainty" in rank1
    assert "DIR at FPIR 1\xa0%" in dir_


def test_it_says_how_many_people_it_would_take() -> None:
    few = held_out(8, 20, noise=0.4)
    (needed,) = (reason for reason in judge(few, few).reasons if reason.code == "needed")
    people = needed.params["people"]
    assert sentence(needed) == (
        f"To tell a difference of one point takes about {people} people held out, with "
        f"{20 * people} photos in all; there were 8."
    )


def test_every_reason_has_words() -> None:
    few, many = held_out(3, 3), held_out(120, 6, noise=0.4)
    verdicts = [judge(few, few), judge(ACTIVE, None), judge(held_out(5, 8), held_out(5, 8))]
    verdicts += [judge(ACTIVE, blurred(ACTIVE, 1.0), tries=2), judge(many, many, bootstraps=20)]
    for verdict in verdicts:
        for line in in_words(verdict).splitlines():
            assert line.endswith(".")
            assert "_" not in line
