from __future__ import annotations

from typing import Any

from celery import Task, shared_task
from celery.signals import worker_process_shutdown

from recognition.services.gallery import people
from recognition.services.identification import answering
from recognition.services.promotion import serving, trials
from recognition.services.site import sweeping
from recognition.services.training import turns
from recognition.services.work import processes


@shared_task(bind=True)
def identify(self: Task[Any, Any], identification_id: str) -> None:
    answering.process(identification_id, redelivered=_redelivered(self))


@shared_task(bind=True)
def enrol(self: Task[Any, Any], enrolment_id: str) -> None:
    people.process_enrolment(enrolment_id, redelivered=_redelivered(self))


@shared_task
def train(run_id: str) -> None:
    turns.launch(run_id)


@shared_task
def train_promotion(version_id: str) -> None:
    serving.launch(version_id)


@shared_task
def train_trial(trial_id: str) -> None:
    trials.launch(trial_id)


@worker_process_shutdown.connect
def end_what_was_launched(**_: Any) -> None:
    processes.end_all()


@shared_task
def sweep() -> None:
    sweeping.sweep()


def _redelivered(task: Task[Any, Any]) -> bool:
    return bool((task.request.delivery_info or {}).get("redelivered"))
