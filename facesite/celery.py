"""The queue between a photo and its answer. Imports nothing heavy: the web process loads it too."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any, Final

from celery import Celery, bootsteps
from celery.exceptions import SecurityWarning
from celery.signals import worker_process_init
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facesite.settings")
# Workers in containers run as root. What Celery warns of is code in messages, and ours are JSON.
warnings.simplefilter("ignore", SecurityWarning)

app = Celery("facesite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SWEEP_SECONDS: Final = 30


class Sweeping(bootsteps.StartStopStep):
    """Every worker asks for a sweep as soon as it reaches the broker, and then twice a minute.

    Celery's own scheduler would be one more process of 100 MB, and when the one in a worker dies,
    the worker does not notice: what was lost would then stay lost. Two workers sweep twice as
    often, which changes nothing.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    entry: Any = None

    def start(self, consumer: Any) -> None:
        self.stop(consumer)
        ask_for_sweep()
        self.entry = consumer.timer.call_repeatedly(SWEEP_SECONDS, ask_for_sweep)

    def stop(self, _consumer: Any) -> None:
        """Done before a new start, too: the timer may outlive the connection, with its entries."""
        if self.entry is not None:
            self.entry.cancel()


def ask_for_sweep() -> None:
    """Send a task for a child of the worker. It expires, since sweeps must not pile up."""
    try:
        app.send_task("recognition.tasks.sweep", expires=SWEEP_SECONDS)
    except OperationalError as error:
        logging.getLogger(__name__).warning("No sweep, the broker cannot be reached: %s", error)


app.steps["consumer"].add(Sweeping)


@worker_process_init.connect
def say_what_is_loaded(**_: Any) -> None:
    """Once a process for each version, or something is wrong. In a terminal nobody needs that."""
    logging.getLogger("recognition.services.versions").setLevel(logging.INFO)
