"""Every address of the site × who asks for it × how: what `permissions.txt` says, and what happens.

`python -m tests.recognition.matrix` counts what the table holds.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from django.urls import URLPattern, URLResolver

TABLE: Final = Path(__file__).with_name("permissions.txt")
NOT_MEANT: Final = "."
"""Nothing here is anybody's own."""
KINDS: Final = {
    "/photos/<slug:kind>/<uuid:key>": ("identification", "trial", "first", "second"),
    "/photos/<slug:kind>/<int:key>": ("probe", "enrolled", "import"),
}
"""One address that serves several things, each a row of its own."""

Row = dict[str, str]


def table(file: Path = TABLE) -> dict[str, Row]:
    """Address → who → what GET and POST are answered with."""
    lines = file.read_text(encoding="utf-8").splitlines()
    _, *who = next(line for line in lines if line.startswith("address")).split()
    found: dict[str, Row] = {}
    for line in lines:
        if line and not line.startswith(("#", "address")):
            address, *cells = line.split()
            assert address not in found, f"{address} is there twice."
            found[address] = dict(zip(who, cells, strict=True))
    return found


def addresses(patterns: Sequence[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """As the URL configuration has them, with regular expressions by their names alone."""
    for one in patterns:
        address = before + re.sub(r"[$^]|\(\?P(<\w+>)(?:[^()]|\\.)+\)", r"\1", str(one.pattern))
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, address)
        else:
            kinds = KINDS.get(address, ("",))
            yield from (address.replace("<slug:kind>", kind) for kind in kinds)


def filled(address: str, values: Mapping[str, object]) -> str:
    """A path, with the value of each part."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values[part[1]]), address)


def figures() -> str:
    rows = table()
    cells = [cell for row in rows.values() for cell in row.values() if cell != NOT_MEANT]
    refused = sum(said in {"login", "403", "404", "405"} for cell in cells for said in both(cell))
    asked = 2 * len(cells)
    return f"{len(rows)} addresses, {len(cells)} cells, {asked} requests, {refused} refused"


def both(cell: str) -> tuple[str, str]:
    """What GET and what POST are answered with."""
    get, _, post = cell.partition("/")
    return get, post or get


if __name__ == "__main__":
    sys.stdout.write(f"{figures()}\n")
