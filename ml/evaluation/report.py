"""An evaluation as a page that can be sent around: one file, no photos, for day and night."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from ml.evaluation.figures import Drawing

REPORT = "report.html"
METRICS = "metrics.json"

_SPACE = "\N{NO-BREAK SPACE}"


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
    """One figure of a report: a share 0..1, and its 95 % interval where there is one."""

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
    drawings: Sequence[Drawing]
    notes: Sequence[str]
    metrics: dict[str, Any]

    def write(self, directory: Path, origin: Origin) -> Path:
        """Write `report.html` and `metrics.json` into `directory`; returns the path of the former.

        Raises:
            OSError: the folder cannot be written to.
        """
        directory.mkdir(parents=True, exist_ok=True)
        facts = {"model": origin.model, "digest": origin.digest, "date": origin.date}
        metrics = {**self.metrics, **facts, "intervals": self._intervals()}
        _write(directory / METRICS, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
        _write(directory / REPORT, _page(self, origin))
        return directory / REPORT

    def _intervals(self) -> dict[str, tuple[float, float]]:
        return {row.name: row.interval for row in self.rows if row.interval}


def percent(share: float) -> str:
    """A measured share 0..1 as people write it."""
    return f"{share * 100:.2f}{_SPACE}%"


def rate(share: float) -> str:
    """A chosen share 0..1, with no more digits than it has."""
    return f"{share * 100:g}{_SPACE}%"


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _page(report: Report, origin: Origin) -> str:
    page = Path(__file__).with_name("report_page.html").read_text(encoding="utf-8")
    return Template(page).substitute(
        title=escape(report.title),
        lead=escape(report.lead),
        rows="".join(_table_row(row) for row in report.rows),
        drawings="".join(
            f"<figure>{drawing.svg}<figcaption>{escape(drawing.caption)}</figcaption></figure>"
            for drawing in report.drawings
        ),
        notes="".join(f"<li>{escape(note)}</li>" for note in report.notes),
        facts=_facts(origin),
    )


def _table_row(row: Row) -> str:
    low_high = " – ".join(percent(end) for end in row.interval or ())
    note = f"<small>{escape(row.note)}</small>" if row.note else ""
    return (
        f'<tr><th scope="row">{escape(row.name)}{note}</th>'
        f'<td class="share">{percent(row.share)}</td><td>{low_high}</td></tr>'
    )


def _facts(origin: Origin) -> str:
    facts = {
        "Model": f"{origin.model} (digest {origin.digest[:12]})",
        "Data": origin.data,
        "Date": origin.date,
        "Command": origin.command,
    }
    return "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts.items())
