"""Puts measurements into the documents: `python docs/performance.py FILE…`.

The files have what `manage.py benchmark --json` printed; of each the last line counts, so that the
whole output may be kept. A place in a document is between `<!-- benchmark: PARTS -->` and
`<!-- /benchmark -->`; one of which a part was not measured stays as it is. No part of the product:
nothing imports it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.utils.translation import override

from recognition.management.benchmarking.tables import tables

DOCUMENTS = {"README.md": "en", "README.ru.md": "ru", "docs/performance.md": "en"}
PLACE = re.compile(r"(<!-- benchmark: ([a-z ]+) -->\n).*?(<!-- /benchmark -->)", re.S)

Measured = Mapping[str, Mapping[str, Any]]
"""By part: the part itself, and the machine that it was measured on."""


def read(paths: list[str]) -> Measured:
    found = {}
    for path in paths:
        told = json.loads(Path(path).read_text(encoding="utf-8").splitlines()[-1])
        machine = told.pop("machine")
        found |= {part: {"machine": machine, part: figures} for part, figures in told.items()}
    return found


def filled(place: re.Match[str], measured: Measured) -> str:
    """Each machine is told once, before the first table that comes from it."""
    begin, parts, end = place.groups()
    if not measured.keys() >= set(parts.split()):
        return place[0]
    said: list[str] = []
    for part in parts.split():
        said += [block for block in tables(measured[part]) if block not in said]
    return begin + "\n" + "\n\n".join(said) + "\n\n" + end


def main(paths: list[str]) -> None:
    measured = read(paths)
    for name, language in DOCUMENTS.items():
        document = ROOT / name
        text = document.read_text(encoding="utf-8")
        with override(language):
            new = PLACE.sub(lambda place: filled(place, measured), text)
        document.write_text(new.replace("\xa0", " "), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
