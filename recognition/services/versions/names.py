"""Which names a version may have. It is called as the run that trained it, and its folder, too."""

from __future__ import annotations

from typing import Final

from django.utils.text import slugify

from recognition.models import ModelVersion, Status, TrainingRun

LONGEST: Final = 80


def is_name(name: str) -> bool:
    return name == slugify(name) and 0 < len(name) <= LONGEST


def is_taken(name: str) -> bool:
    """Whether a version has the name, or a run that may still make one; who failed makes way."""
    runs = TrainingRun.objects.filter(name=name).exclude(status=Status.FAILED)
    return runs.exists() or ModelVersion.objects.filter(name=name).exists()
