"""What an evaluation found, as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.files import write_whole
from ml.language import percent, spoken, tell
from ml.reports.charts import Chart
from ml.reports.names import METRICS, page_in
from ml.reports.page import Line, Page, Section, Table, ends


@dataclass(frozen=True, slots=True)
class Origin:
    """What was evaluated, on what and when; shown in the report as it is."""

    model: str
    digest: str
    data: str
    date: str
    command: str


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of a report: a share 0..1, and its 95 % interval where there is one."""

    name: str
    share: float
    interval: tuple[float, float] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is ready to be written. `metrics` is what `metrics.json` will hold."""

    title: str
    lead: str
    rows: Sequence[Row]
    charts: Sequence[Chart]
    notes: Sequence[str]
    metrics: dict[str, Any]
    more: Sequence[Section] = ()

    def write(self, directory: Path, origin: Origin) -> Path:
        """Write `report.html` and `metrics.json` into `directory`; returns the path of the former.

        Raises:
            OSError: the folder cannot be written to.
        """
        facts = {"model": origin.model, "digest": origin.digest, "date": origin.date}
        return write(
            directory,
            self.page(origin),
            {**self.metrics, **facts, "intervals": self._intervals()},
        )

    def page(self, origin: Origin) -> Page:
        """In the language of the moment."""
        lines = [
            Line(row.name, [percent(row.share), ends(row.interval)], row.note) for row in self.rows
        ]
        measures = Section(
            tables=[[Table([tell("Measure"), tell("Share"), tell("95 % interval")], lines)]],
            rows=[[chart] for chart in self.charts],
            notes=self.notes,
        )
        facts = {
            tell("Model"): f"{origin.model} ({tell('digest')} {origin.digest[:12]})",
            tell("Data"): origin.data,
            tell("Date"): origin.date,
            tell("Command"): origin.command,
        }
        return Page(self.title, self.lead, [measures, *self.more], facts)

    def _intervals(self) -> dict[str, tuple[float, float]]:
        return {row.name: row.interval for row in self.rows if row.interval}


def write(directory: Path, page: Page, metrics: dict[str, Any]) -> Path:
    """Write a page and its metrics into `directory`; returns the path of the page.

    Raises:
        OSError: the folder cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory / METRICS, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return write_page(directory, page)


def write_page(directory: Path, page: Page) -> Path:
    """Write a page in the language of the moment, and return its path."""
    path = directory / page_in(spoken().code)
    write_whole(path, page.html())
    return path
