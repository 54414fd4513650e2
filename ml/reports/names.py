"""What the files of a report are called."""

from __future__ import annotations

from typing import Final

METRICS: Final = "metrics.json"
REPORT: Final = "report.html"


def page_in(language: str) -> str:
    """The page in a language; the one in English has the plain name."""
    return REPORT if language == "en" else f"report.{language}.html"
