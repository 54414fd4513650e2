from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from celery import Task, shared_task
from celery.exceptions import Reject
from celery.signals import worker_process_shutdown

from recognition.messages.webhooks import tell_disabled
from recognition.services.gallery import imports, people
from recognition.services.identification import answering, comparing, explaining
from recognition.services.privacy import scrubbing
from recognition.services.promotion import serving, trials
from recognition.services.site import status, sweeping
from recognition.services.strangers import gathering
from recognition.services.training import turns
from recognition.services.webhooks import sending
from recognition.services.work import attempts, processes

PATIENCE: Final = 2  # seconds


@shared_task(bind=True)
def identify(self: Task[Any, Any], identification_id: str) -> None:
    with _put_back_if_nobody_can_say():
        answering.process(identification_id, redelivered=_redelivered(self))


@shared_task(bind=True)
def enrol(self: Task[Any, Any], enrolment_id: str) -> None:
    with _put_back_if_nobody_can_say():
        people.process_enrolment(enrolment_id, redelivered=_redelivered(self))


@shared_task(bind=True)
def explain(self: Task[Any, Any], heat_id: str) -> None:
    with _put_back_if_nobody_can_say():
        explaining.process(heat_id, redelivered=_redelivered(self))


@shared_task(bind=True)
def compare(self: Task[Any, Any], comparison_id: str) -> None:
    with _put_back_if_nobody_can_say():
        comparing.process(comparison_id, redelivered=_redelivered(self))


@shared_task
def deliver(delivery_id: str) -> None:
    sending.begin(delivery_id, tell_disabled)


@shared_task
def train(run_id: str) -> None:
    turns.launch(run_id)


@shared_task
def train_promotion(version_id: str) -> None:
    serving.launch(version_id)


@shared_task
def train_trial(trial_id: str) -> None:
    trials.launch(trial_id)


@shared_task
def train_import(run_id: str) -> None:
    imports.launch(run_id)


@shared_task
def scrub() -> None:
    scrubbing.launch()


@shared_task
def gather() -> None:
    gathering.launch()


@worker_process_shutdown.connect
def end_what_was_launched(**_: Any) -> None:
    processes.end_all()


@shared_task
def sweep() -> bool:
    """Returns whether work gets done."""
    sweeping.sweep()
    return not status.worker_is_to_blame()


@shared_task
def tidy() -> None:
    sweeping.tidy()


@contextmanager
def _put_back_if_nobody_can_say() -> Iterator[None]:
    """Without the database nothing can be done: the message waits for it, and its worker too."""
    try:
        yield
    except attempts.NobodyCanSay as error:
        time.sleep(PATIENCE)
        raise Reject(error, requeue=True) from error


def _redelivered(task: Task[Any, Any]) -> bool:
    return bool((task.request.delivery_info or {}).get("redelivered"))
