from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from recognition.services import identification, people, sweeping


@shared_task(bind=True)
def identify(self: Task[Any, Any], identification_id: str) -> None:
    identification.process(identification_id, redelivered=_redelivered(self))


@shared_task(bind=True)
def enrol(self: Task[Any, Any], enrolment_id: str) -> None:
    people.process_enrolment(enrolment_id, redelivered=_redelivered(self))


@shared_task
def sweep() -> None:
    sweeping.sweep()


def _redelivered(task: Task[Any, Any]) -> bool:
    return bool((task.request.delivery_info or {}).get("redelivered"))
