"""What came of a run: a few lines, or one object for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ml.evaluation import verdicts
from ml.evaluation.closed_set import PARTS
from ml.training.events import Epoch, Totals
from recognition.formats import percentage, rate
from recognition.models import ModelVersion, TrainingRun
from recognition.services.versions import registry

CLOSED_SET = (*PARTS, "top5", "classes")


def as_dict(row: TrainingRun) -> dict[str, Any]:
    """See `manage.py retrain --json` in docs/training.md."""
    version = _version(row)
    closed = version.metrics.get("closed_set") or {}
    return {
        "version": version.name,
        "architecture": version.architecture,
        "state": version.state,
        "answers_by": version.answers_by,
        "own_classes": version.metrics.get("own_classes"),
        **{name: closed.get(name) for name in CLOSED_SET},
        "held_out": version.metrics.get("held_out"),
        "gate": version.gate,
        **_cost(row),
        "report": str(registry.report(version)),
    }


def _version(row: TrainingRun) -> ModelVersion:
    assert row.version is not None  # noqa: S101  (a run that is done has one)
    return row.version


def _cost(row: TrainingRun) -> dict[str, float]:
    """Of all epochs together: seconds, photos learned from in a second, share spent waiting."""
    totals = asdict(Totals.of([Epoch(**epoch) for epoch in row.history]))
    return {name: value or 0.0 for name, value in totals.items()}


def in_words(row: TrainingRun) -> str:
    """For a terminal."""
    version, cost = _version(row), _cost(row)
    found = as_dict(row)
    train, validation, test = (percentage(found[part]) for part in PARTS)
    lines = [
        f"{version}: {train} of the training photos right, {validation} of the validation and "
        f"{test} of the test photos, among {found['classes']} people.",
        f"Trained for {cost['seconds']:,.0f} s at {cost['photos_per_second']:,.0f} photos/s; the "
        f"network waited for photos {percentage(cost['waiting'])} of the time.",
    ]
    if version.answers_by == ModelVersion.AnswersBy.CLASSES:
        lines.append(_by_classes(version))
    if version.gate:
        lines.append(verdicts.in_words(verdicts.Verdict.from_dict(version.gate)))
    active = version.state == ModelVersion.State.ACTIVE
    against = "" if version.gate.get("passed", True) else ' --force --reason "…"'
    by_hand = f"It stays a candidate; by hand: python manage.py promote {version}{against}"
    lines.append("It is in service." if active else by_hand)
    return "\n".join([*lines, f"Report: {found['report']}"])


def _by_classes(version: ModelVersion) -> str:
    """The same test photos, where strangers are to stay without a name."""
    opened = (version.metrics.get("own_classes") or {}).get("dir") or {}
    shares = " and ".join(
        f"{percentage(share)} at a threshold that {rate(float(fpir))} of strangers reach"
        for fpir, share in opened.items()
    )
    decides = "an open" if version.open_set else "a closed"
    return f"It answers by its own classes, as {decides} set. As an open one: {shares}."
