"""A page that can be sent around: one file, no photos of anybody, for day and night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template

from ml.language import percent, spoken
from ml.reports.charts import Chart


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: what it is about, and a cell for each column. A line break in a cell, as
    the note under the name, leads to something smaller."""

    name: str
    cells: Sequence[str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` name the first column too. The cell at `main` is what to look at, if there is."""

    columns: Sequence[str]
    lines: Sequence[Line]
    main: int | None = 0


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that stands by itself."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page, shown in this order. One or two tables, or charts (`rows`), stand side by
    side."""

    title: str = ""
    text: str = ""
    tiles: Sequence[Tile] = ()
    tables: Sequence[Sequence[Table]] = ()
    rows: Sequence[Sequence[Chart]] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is on a page. All of it but the charts is plain text."""

    title: str
    lead: str
    sections: Sequence[Section]
    facts: Mapping[str, str]
    tiles: Sequence[Tile] = field(default=())

    def html(self) -> str:
        """The page as one file that needs no other."""
        template = Path(__file__).with_name("report_page.html").read_text(encoding="utf-8")
        return Template(template).substitute(
            lang=spoken().code,
            title=escape(self.title),
            lead=escape(self.lead),
            tiles=_tiles(self.tiles),
            sections="".join(_section(section) for section in self.sections),
            facts="".join(
                f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>"
                for name, fact in self.facts.items()
            ),
        )


def ends(interval: tuple[float, float] | None) -> str:
    """The ends of an interval of shares."""
    return "" if interval is None else " – ".join(percent(end) for end in interval)


def _tiles(tiles: Sequence[Tile]) -> str:
    if not tiles:
        return ""
    shown = "".join(
        f"<div><dt>{escape(tile.name)}</dt><dd><b>{escape(tile.value)}</b>"
        f"<small>{escape(tile.note)}</small></dd></div>"
        for tile in tiles
    )
    kind = "tiles by-three" if len(tiles) % 3 == 0 else "tiles"
    return f'<dl class="{kind}">{shown}</dl>'


def _section(section: Section) -> str:
    parts = [
        f"<h2>{escape(section.title)}</h2>" if section.title else "",
        f"<p>{escape(section.text)}</p>" if section.text else "",
        _tiles(section.tiles),
        *(_row([_table(table) for table in row]) for row in section.tables),
        *(_row([_figure(chart) for chart in row]) for row in section.rows),
    ]
    if section.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
        parts.append(f"<ul>{items}</ul>")
    return f"<section>{''.join(parts)}</section>"


def _row(elements: Sequence[str]) -> str:
    shown = "".join(elements)
    return f'<div class="row">{shown}</div>' if len(elements) > 1 else shown


def _figure(chart: Chart) -> str:
    return f"<figure>{chart.svg}<figcaption>{escape(chart.caption)}</figcaption></figure>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    body = "".join(_line(line, table.main) for line in table.lines)
    table_ = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="card">{table_}</div>'


def _line(line: Line, main: int | None) -> str:
    classes = [' class="share"' if number == main else "" for number in range(len(line.cells))]
    cells = "".join(
        f"<td{kind}>{_cell(cell)}</td>" for kind, cell in zip(classes, line.cells, strict=True)
    )
    name = _cell(f"{line.name}\n{line.note}")
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _cell(text: str) -> str:
    first, _, smaller = text.partition("\n")
    shown = escape(first).replace("_", "_<wbr>")  # where a long folder name may break
    return shown + (f"<small>{escape(smaller)}</small>" if smaller else "")
