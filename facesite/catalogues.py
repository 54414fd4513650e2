"""Message catalogues from text (.po) to what Django reads (.mo), without the gettext tools.

`python -m facesite.catalogues` compiles those that are out of date.
"""

from __future__ import annotations

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent.parent / "locale"


def compile_stale(folder: Path = FOLDER) -> list[Path]:
    """Compile every catalogue whose text is newer; returns the files written."""
    stale = [source for source in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(source)]
    return [_compile(source) for source in stale]


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns


def _compile(source: Path) -> Path:
    compiled = source.with_suffix(".mo")
    beside = compiled.with_name(f"{compiled.name}.{os.getpid()}")
    with source.open("rb") as text, beside.open("wb") as binary:
        write_mo(binary, read_po(text, locale=source.parent.parent.name, abort_invalid=True))
    return beside.replace(compiled)


if __name__ == "__main__":
    for written in compile_stale():
        print(f"Messages: {written.relative_to(FOLDER.parent)}")
