"""Called within a site of its own that runs: a training that goes on meanwhile."""

from __future__ import annotations

from recognition.models import TrainingRun
from recognition.services.training import requests


def begin(folder: str) -> None:
    """Queue a training of the paper's network, as an operator does."""
    requests.request(None, "paper", {"data": [folder], "promote": "never"})


def state() -> str:
    """ "learning" once the first epoch is over; before and after that the status of the row."""
    run = TrainingRun.objects.get()
    return "learning" if run.status == "running" and run.history else str(run.status)
