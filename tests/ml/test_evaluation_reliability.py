from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ml.calibration import Calibration
from ml.evaluation import fitting, reliability
from ml.evaluation.reliability import Promise, Reliability
from ml.evaluation.samples import HeldOut
from ml.versions import default
from tests.ml.made_up import held_out, reliability_of

PARENT = Calibration.load(default.FITTED)
PEOPLE = held_out(40, 12, noise=1.3)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    """What fits people of this kind, from others of them."""
    return fitting.fit_part(held_out(80, 12, noise=1.3, seed=5).people)


def promises(kept: Reliability) -> dict[str, Promise]:
    return {promise.gallery: promise for promise in kept.promises}


def test_a_calibration_that_fits_keeps_its_promises(fitted: Calibration) -> None:
    kept = reliability_of(fitted, PEOPLE, bootstraps=200)
    assert kept.error is not None
    assert kept.error < 0.06
    for size in ("10", "all"):
        measured = promises(kept)[size].measured[0.1]
        assert measured is not None
        assert 0.03 < measured.value < 0.2
        assert measured.low < measured.value < measured.high


def test_one_that_does_not_fit_shows(fitted: Calibration) -> None:
    bold = replace(
        fitted,
        tail=tuple((share, score - 0.05) for share, score in fitted.tail),
        evidence=fitted.evidence._replace(intercept=fitted.evidence.intercept + 4),
    )
    good, bad = (reliability_of(one, PEOPLE, bootstraps=20) for one in (fitted, bold))
    assert (bad.error or 0) > 3 * (good.error or 1)
    ten, also_ten = promises(good)["10"].measured[0.1], promises(bad)["10"].measured[0.1]
    assert ten
    assert also_ten
    assert also_ten.value > 2 * ten.value


def test_bins_are_of_all_answers_and_lie_where_they_say(fitted: Calibration) -> None:
    kept = reliability_of(fitted, PEOPLE, bootstraps=20)
    assert sum(one.share for one in kept.bins) == pytest.approx(1)
    for one in kept.bins:
        assert one.low <= one.promised <= one.high
        assert 0 <= one.right <= 1


def test_galleries_that_take_more_people_are_not_measured() -> None:
    found = promises(reliability_of(PARENT, PEOPLE, bootstraps=20))
    assert (found["10"].people, found["all"].people) == (10, 32)
    assert found["100"] == Promise("100", None, needed=104, measured={})


def test_too_few_people_for_any_gallery_say_so() -> None:
    kept = reliability.of_carried_over(PARENT, held_out(5, 8), held_out(5, 8), bootstraps=20)
    assert (kept.people, kept.bins, kept.error) == (5, (), None)
    needed = {size: promise.needed for size, promise in promises(kept).items()}
    assert needed == {"10": 21, "100": 156, "all": 9}


def test_a_share_that_so_few_strangers_cannot_show_is_none() -> None:
    kept = reliability_of(PARENT, held_out(12, 8), bootstraps=20)
    measured = promises(kept)["10"].measured
    assert measured == {}
    measured = promises(kept)["all"].measured
    assert measured[0.1] is not None
    assert measured[0.003] is None


class Watched:
    """Notes who was looked at to make each calibration, and makes it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts: list[set[str]] = []
        carried_over = fitting.carried_over

        def watched(
            parent: Calibration, before: HeldOut, after: HeldOut, source: dict[str, int]
        ) -> Calibration:
            assert before.labels == after.labels
            self.parts.append(set(after.labels))
            return carried_over(parent, before, after, source)

        monkeypatch.setattr(fitting, "carried_over", watched)


def test_a_calibration_is_never_measured_on_people_whom_it_was_made_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = Watched(monkeypatch)
    people = held_out(21, 12, noise=1.3)
    enrolled_or_strangers: list[set[str]] = []
    trial = reliability._trial

    def noted(seen: HeldOut, calibrated: Calibration, *groups: object) -> object:
        enrolled, strangers, _ = groups
        enrolled_or_strangers.append({seen.labels[n] for n in (*enrolled, *strangers)})  # type: ignore[misc]
        return trial(seen, calibrated, *groups)  # type: ignore[arg-type]

    monkeypatch.setattr(reliability, "_trial", noted)
    kept = reliability.of_carried_over(PARENT, people, people, bootstraps=20)
    assert len(watched.parts) == 3
    assert set.union(*watched.parts) == set(people.labels)
    per_part = len(enrolled_or_strangers) // 3
    for number, part in enumerate(watched.parts):
        for measured in enrolled_or_strangers[number * per_part : (number + 1) * per_part]:
            assert not part & measured
    assert promises(kept)["10"].people == 10


def test_what_is_fitted_to_the_people_at_hand_is_fitted_anew_for_each_half() -> None:
    kept = reliability.of_fitted(held_out(40, 8, noise=1.3), bootstraps=20)
    found = promises(kept)
    assert found["10"].people == 10
    assert found["all"].people == 16
    assert found["100"].needed == 208


def test_it_is_ready_for_json() -> None:
    kept = reliability_of(PARENT, held_out(20, 8, noise=1.0), bootstraps=20)
    summary = json.loads(json.dumps(kept.summary(), allow_nan=False))
    assert [one["gallery"] for one in summary["fpir"]] == ["10", "100", "all"]
    assert set(summary["fpir"][0]["measured"]) == {"0.1", "0.01", "0.003"}
    assert set(summary["bins"][0]) == {"low", "high", "promised", "right", "share"}
