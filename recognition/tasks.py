from __future__ import annotations

from typing import Any

from celery import Task, shared_task
from celery.signals import worker_process_shutdown

from recognition.services import background, identification, people, promotion, sweeping, trials
from recognition.services import training as trainings


@shared_task(bind=True)
def identify(self: Task[Any, Any], identification_id: str) -> None:
    identification.process(identification_id, redelivered=_redelivered(self))


@shared_task(bind=True)
def enrol(self: Task[Any, Any], enrolment_id: str) -> None:
    people.process_enrolment(enrolment_id, redelivered=_redelivered(self))


@shared_task
def train(run_id: str) -> None:
    trainings.launch(run_id)


@shared_task
def train_promotion(version_id: str) -> None:
    promotion.launch(version_id)


@shared_task
def train_trial(trial_id: str) -> None:
    trials.launch(trial_id)


@worker_process_shutdown.connect
def end_what_was_launched(**_: Any) -> None:
    background.end_all()


@shared_task
def sweep() -> None:
    sweeping.sweep()


def _redelivered(task: Task[Any, Any]) -> bool:
    return bool((task.request.delivery_info or {}).get("redelivered"))
