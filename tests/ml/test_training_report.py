from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.architectures.recipe import Recipe, Stage
from ml.calibration import Calibration
from ml.classes import Classes
from ml.data import splits
from ml.data.dataset import Dataset, Identity, Photo, Skipped
from ml.evaluation import gate, groups, reliability, verdicts
from ml.evaluation.closed_set import Answers, ClosedSet
from ml.evaluation.held_out import metrics
from ml.evaluation.own_classes import HELD_OUT, OwnClasses
from ml.evaluation.samples import HeldOut
from ml.evaluation.verdicts import TITLES, Verdict
from ml.language import ENGLISH, tell
from ml.reports.outcome import Cost, Origin, Outcome
from ml.reports.training_report import write
from ml.training.events import Epoch
from ml.versions import default
from tests.ml.made_up import blurred, held_out, reliability_of
from tests.ml.test_evaluation_report import Links

LABELS = [f"<i>{n:02d}</i> & sons" for n in range(24)]


def identity(label: str) -> Identity:
    hashes = [hashlib.sha256(f"{label} {k}".encode()).hexdigest() for k in range(8)]
    return Identity(label, tuple(Photo(Path(one), one) for one in sorted(hashes)))


def epoch(number: int, stage: int) -> Epoch:
    return Epoch(
        stage=stage,
        epoch=number,
        learning_rate=0.001 / stage,
        loss=3 / number,
        accuracy=1 - 0.9 / number,
        validation_loss=3.2 / number,
        validation_accuracy=1 - 0.95 / number,
        seconds=12.5,
        photos_per_second=400.0,
        waiting=0.02,
        best=True,
    )


def answers(split: splits.Split, part: str, mistakes: int) -> Answers:
    truth = split.classes[getattr(split, part)]
    taken = truth.copy()
    taken[:mistakes] = (taken[:mistakes] + 1) % len(split.labels)
    return Answers.of(np.eye(len(split.labels), dtype=np.float32)[taken], truth)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """Of a training on made-up people, with everything that there can be."""
    dataset = Dataset(tuple(map(identity, LABELS)), (Skipped("x.jpg", "no_face"),), (("Few", 2),))
    split = splits.split(dataset, seed=0, hold_out=0.5)
    people = held_out(12, 12, noise=1.2)
    active = HeldOut(split.held_out, people.embeddings, people.owners)
    new = blurred(active, 0.5)
    mistakes = {"train": 0, "validation": 1, "test": 3}
    return Outcome(
        recipe=Recipe("paper", (Stage(2, 1e-3), Stage(1, 5e-4)), precision="float32"),
        origin=Origin(
            "paper-20300102-030405", command="manage.py retrain --data <people>", data=("people",)
        ),
        dataset=dataset,
        split=split,
        history=(epoch(1, 1), epoch(2, 1), epoch(3, 2)),
        closed_set=ClosedSet(
            split.labels, {part: answers(split, part, wrong) for part, wrong in mistakes.items()}
        ),
        own_classes=OwnClasses(
            Classes(
                1.6,
                ((0.5, 1.0), (0.01, 9.0)),
                {"fitted_on": HELD_OUT, "people": 12, "photos": 144},
            ),
            right=0.82,
            dir={0.1: 0.32, 0.01: None},
        ),
        held_out=metrics(new, bootstraps=50),
        reliability=reliability.of_carried_over(
            Calibration.load(default.FITTED), active, new, bootstraps=50
        ),
        groups=groups.by_group(new, {label: label[4] for label in split.held_out}),
        cost=Cost(37.5, 400.0, 0.02, 2.4, 160.0, 12_000_000),
        compared_with="sface-2021dec",
        verdict=gate.judge(new, active),
        in_service=metrics(active, bootstraps=50),
        packaged=None,
        measured_on="0" * 64,
        calibration=Calibration.load(default.FITTED),
        libraries={"keras": "3.0"},
        date="2030-01-02",
    )


def written(outcome: Outcome, folder: Path) -> tuple[str, dict[str, Any]]:
    found = write(folder / "report", outcome)
    page = (folder / "report" / "report.html").read_text(encoding="utf-8")
    text = (folder / "report" / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(json.dumps(found, allow_nan=False))
    return page, json.loads(text)


def test_the_page_needs_nothing_but_itself_and_suits_day_and_night(
    outcome: Outcome, tmp_path: Path
) -> None:
    page, _ = written(outcome, tmp_path)
    links = Links()
    links.feed(page)
    assert {link for link in links.found if not link.startswith("#")} == set()
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"#0101\d\d", page)
    assert page.count("<svg") == page.count("<figcaption>") == 7


def test_everything_that_was_measured_is_told(outcome: Outcome, tmp_path: Path) -> None:
    page, found = written(outcome, tmp_path)
    for title in (
        "Training",
        "Closed set",
        "By its own classes",
        "Open set",
        "Calibration",
        "By group",
        "Cost",
    ):
        assert f"<h2>{title}" in page
    for name in ("Worst on test photos", "Most confused", "top-5", "DIR at FPIR 0.3", "TAR at FAR"):
        assert name.replace(" 0.3", "\N{SPACE}0.3") in page
    assert outcome.dataset.fingerprint[:16] in page
    assert found["trained_on"]["fingerprint"] == outcome.dataset.fingerprint
    assert found["closed_set"]["test"] == 1 - 3 / len(outcome.split.test)
    assert len(found["closed_set"]["worst"]) == len(found["closed_set"]["confused"]) == 3
    assert found["held_out"]["rank1"]["low"] <= found["held_out"]["rank1"]["value"]
    assert found["in_service"]["rank1"]["value"] >= found["held_out"]["rank1"]["value"]
    assert found["calibration"]["calibration_error"] > 0
    assert found["gate"] == outcome.verdict.as_dict()  # type: ignore[union-attr]
    assert [one["stage"] for one in found["history"]] == [1, 1, 2]
    assert found["cost"]["waiting"] == 0.02
    assert found["trained_on"]["skipped"] == {"no_face": 1}
    assert found["trained_on"]["left_out"] == {"Few": 2}


def test_names_are_text_and_not_html(outcome: Outcome, tmp_path: Path) -> None:
    page, found = written(outcome, tmp_path)
    assert "<i>" not in page
    assert "&lt;i&gt;" in page
    assert "--data &lt;people&gt;" in page
    assert found["closed_set"]["worst"][0]["label"] in LABELS


@pytest.mark.parametrize("found", list(TITLES))
def test_what_the_gate_said_is_the_first_title(
    outcome: Outcome, tmp_path: Path, found: verdicts.Outcome
) -> None:
    page, _ = written(replace(outcome, verdict=Verdict(found, ())), tmp_path)
    assert [title for title in TITLES.values() if title in page] == [TITLES[found]]


def test_what_there_is_not_is_left_out_or_said_to_be_missing(
    outcome: Outcome, tmp_path: Path
) -> None:
    bare = replace(
        outcome,
        closed_set=None,
        held_out=None,
        reliability=None,
        groups=None,
        compared_with=None,
        verdict=None,
        in_service=None,
        history=outcome.history[:1],
    )
    page, found = written(bare, tmp_path)
    assert "Nobody was held out" in page
    assert found["closed_set"] is found["held_out"] is found["gate"] is None
    for title in ("Closed set", "By group", "gate", "Calibration"):
        assert f"<h2>{title}" not in page
    assert page.count("<svg") == 2


def test_too_few_people_are_said_to_be_too_few(outcome: Outcome, tmp_path: Path) -> None:
    few = held_out(5, 8)
    kept = reliability_of(Calibration.load(default.FITTED), held_out(5, 8), bootstraps=9)
    small = replace(
        outcome,
        held_out=metrics(few, bootstraps=9),
        in_service=None,
        groups=None,
        reliability=kept,
    )
    page, found = written(small, tmp_path)
    assert "Too few photos of too few people to tell: DIR at FPIR" in page
    assert "Too few people are held out for any of this: 5." in page
    assert found["held_out"]["dir"]["0.01"] is None


def test_the_same_outcome_gives_the_same_page(outcome: Outcome, tmp_path: Path) -> None:
    assert written(outcome, tmp_path / "a") == written(outcome, tmp_path / "b")


def test_the_report_is_in_every_language_that_is_asked_for(
    outcome: Outcome, tmp_path: Path
) -> None:
    aloud = replace(ENGLISH, gettext="¡{}!".format, code="xx")
    origin = replace(outcome.origin, languages=(aloud,))
    write(tmp_path, replace(outcome, origin=origin))
    english, other = ((tmp_path / name).read_text() for name in ("report.html", "report.xx.html"))
    for said in ("Closed set: people it has learned", "Accuracy over the epochs.", "By group"):
        assert f">{said}<" in english
        assert f">¡{said}!<" in other
    assert '<html lang="xx">' in other
    assert tell("By group") == "By group"
