"""What came of a run: a few lines, or one object for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from ml.evaluation.closed_set import PARTS
from ml.training.events import Epoch, Totals
from recognition.formats import counted, percentage, rate
from recognition.messages.versions import gate_in_words
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
    shares = {part: percentage(found[part]) for part in PARTS}
    lines = [
        _(
            "%(version)s: %(train)s of the training photos right, %(validation)s of the validation "
            "and %(test)s of the test photos, among %(people)s people."
        )
        % {**shares, "version": version, "people": found["classes"]},
        _(
            "Trained for %(seconds)s s at %(speed)s photos/s; the network waited for photos "
            "%(waiting)s of the time."
        )
        % {
            "seconds": counted(round(cost["seconds"])),
            "speed": counted(round(cost["photos_per_second"])),
            "waiting": percentage(cost["waiting"]),
        },
    ]
    if version.answers_by == ModelVersion.AnswersBy.CLASSES:
        lines.append(_by_classes(version))
    if version.gate:
        lines.append(gate_in_words(version.gate))
    active = version.state == ModelVersion.State.ACTIVE
    against = "" if version.gate.get("passed", True) else ' --force --reason "…"'
    by_hand = (
        _("It stays a candidate; by hand: %s") % f"python manage.py promote {version}{against}"
    )
    lines.append(_("It is in service.") if active else by_hand)
    return "\n".join([*lines, _("Report: %s") % found["report"]])


def _by_classes(version: ModelVersion) -> str:
    """The same test photos, where strangers are to stay without a name."""
    opened = (version.metrics.get("own_classes") or {}).get("dir") or {}
    shares = ", ".join(
        _("%(share)s at a threshold that %(rate)s of strangers reach")
        % {"share": percentage(share), "rate": rate(float(fpir))}
        for fpir, share in opened.items()
    )
    if version.open_set:
        return _("It answers by its own classes, as an open set: %s.") % shares
    return _("It answers by its own classes, as a closed set. As an open one: %s.") % shares
