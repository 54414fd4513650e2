"""What an evaluation found, in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from django.utils.translation import gettext_lazy

from ml.evaluation.galleries import Galleries
from ml.language import number, percent, rate

NAMES: Final = 22
"""The width of their column, where none is longer."""
LABELS: Final = {
    "train": gettext_lazy("right, training photos"),
    "validation": gettext_lazy("right, validation"),
    "test": gettext_lazy("right, test photos"),
    "top5": gettext_lazy("test photos, top-5"),
    "classes": gettext_lazy("classes"),
    "accuracy": gettext_lazy("accuracy"),
    "sd": gettext_lazy("standard deviation"),
    "tar": gettext_lazy("TAR at FAR"),
    "pairs": gettext_lazy("pairs"),
    "missing": gettext_lazy("pairs without a face"),
    "pairs_error": gettext_lazy("ECE of chances"),
    "enrol": gettext_lazy("photos enrolled each"),
    "people": gettext_lazy("people enrolled"),
    "probes": gettext_lazy("probes"),
    "strangers": gettext_lazy("strangers"),
    "rank1": gettext_lazy("rank-1"),
    "dir": gettext_lazy("DIR at FPIR"),
    "fpir_promised": gettext_lazy("FPIR promised"),
    "fpir_measured": gettext_lazy("FPIR at the decision"),
    "dir_at_decision": gettext_lazy("DIR at the decision"),
    "calibration_error": gettext_lazy("ECE, strangers"),
    "draws": gettext_lazy("galleries drawn each"),
    "right": gettext_lazy("right photos"),
    "wrong": gettext_lazy("photos of others"),
    "right_refused": gettext_lazy("right, refused"),
    "right_remarked": gettext_lazy("right, with a remark"),
    "wrong_refused": gettext_lazy("of others, refused"),
    "new_taken_for_known": gettext_lazy("new, taken for known"),
    "known_recognised": gettext_lazy("known, recognised"),
}
SHARES: Final = {
    "strangers": gettext_lazy("strangers"),
    "other_strangers": gettext_lazy("other strangers"),
    "right": gettext_lazy("right"),
    "others_right": gettext_lazy("others right"),
    "twice_right": gettext_lazy("twice right"),
}


def in_words(result: Any) -> str:
    """What was measured, in a column; shares in percent. Of several galleries, a line each."""
    measured = list(_lines(result.summary()))
    width = max(NAMES, *(len(name) for name, _value in measured))
    lines = [f"{name:<{width}}{value:>10}" for name, value in measured]
    if isinstance(result, Galleries):
        lines += _galleries(result)
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")  # as one types it to look for it


def _lines(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in summary.items():
        if isinstance(value, dict):
            for at, share in value.items():
                yield f"{LABELS[key]} {rate(float(at))}", percent(share)
        elif not isinstance(value, list):
            yield str(LABELS[key]), number(value) if isinstance(value, int) else percent(value)


def _galleries(result: Galleries) -> Iterator[str]:
    for kind, shares in result.shares.items():
        measured = {name: share for name, share in asdict(shares).items() if share is not None}
        told = ", ".join(f"{SHARES[name]} {percent(share)}" for name, share in measured.items())
        yield f"{kind.told():<36}{told}"
