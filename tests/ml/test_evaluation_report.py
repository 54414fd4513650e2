from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ml.evaluation.open_set import SHARES, OpenSet
from ml.evaluation.verification import Verification
from ml.reports import protocol_reports
from ml.reports.files import Origin, Report

ORIGIN = Origin("sface-2021dec", "ab" * 32, "<people> & others", "2030-01-02", "manage.py evaluate")
RANDOM = np.random.default_rng(0)


def verification() -> Verification:
    same = np.arange(400) < 200
    similarities = RANDOM.normal(np.where(same, 0.6, 0.1), 0.1)
    similarities[:2] = -np.inf
    return Verification(np.full(10, 0.99), np.full(10, 0.35), similarities, same, missing=2)


def open_set() -> OpenSet:
    scores = RANDOM.normal(0.15, 0.1, 300)
    strangers = RANDOM.normal(-0.25, 0.1, 200)
    return OpenSet(
        enrol=1,
        people=100,
        scores=scores,
        right=scores > -0.05,
        decisions=np.where(scores > 0, "match", "unknown"),
        stranger_scores=strangers,
        stranger_decisions=np.where(strangers > 0, "ambiguous", "unknown"),
        fpir_promised=0.01,
        raised_by=0.02,
        missing=0,
        probabilities={share: RANDOM.uniform(size=500) for share in SHARES},
    )


REPORTS = {
    "verification": lambda: protocol_reports.verification(verification()),
    "open-set": lambda: protocol_reports.open_set(open_set()),
}


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


class Links(HTMLParser):
    """Collects whatever a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}
        ]


def test_the_page_needs_nothing_but_itself(report: Report, tmp_path: Path) -> None:
    page = report.write(tmp_path / "new" / "report", ORIGIN).read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert {link for link in links.found if not link.startswith("#")} == set()
    assert "@import" not in page
    assert "url(http" not in page


def test_its_charts_are_in_the_colours_of_the_page(report: Report, tmp_path: Path) -> None:
    page = report.write(tmp_path, ORIGIN).read_text(encoding="utf-8")
    assert page.count("<svg") == page.count("<figcaption>") == len(report.charts) >= 2
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"#0101\d\d", page)
    for chart in report.charts:
        assert "var(--ink)" in chart.svg
        assert "var(--first)" in chart.svg


def test_what_was_evaluated_is_told_and_escaped(report: Report, tmp_path: Path) -> None:
    page = report.write(tmp_path, ORIGIN).read_text(encoding="utf-8")
    assert "&lt;people&gt; &amp; others" in page
    assert "sface-2021dec" in page
    assert "2030-01-02" in page


def test_the_same_metrics_lie_beside_it_for_programs(report: Report, tmp_path: Path) -> None:
    report.write(tmp_path, ORIGIN)
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["model"] == "sface-2021dec"
    assert {name: metrics[name] for name in report.metrics} == report.metrics
    for low, high in metrics["intervals"].values():
        assert 0 <= low <= high <= 1


def test_the_same_result_gives_the_same_page(tmp_path: Path) -> None:
    result = open_set()
    first, second = (
        protocol_reports.open_set(result).write(tmp_path / name, ORIGIN).read_bytes()
        for name in "ab"
    )
    assert first == second


def test_missing_faces_are_told() -> None:
    assert any(
        "Pairs without a face that could be found: 2;" in note
        for note in REPORTS["verification"]().notes
    )
    assert any("found in all of them" in note for note in REPORTS["open-set"]().notes)


def test_an_ambiguous_stranger_is_a_false_positive() -> None:
    result = open_set()
    assert result.fpir_measured == np.mean(result.stranger_scores > 0)
