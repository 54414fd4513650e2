"""What commands show in a terminal while they are at work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Never

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from tqdm import tqdm

from ml import threads
from ml.data.dataset import Dataset
from ml.training.events import Callback, Epoch, Event, Note, Phase, Progress, Step
from recognition.formats import counted, percentage
from recognition.messages.photos import refusal
from recognition.models import TrainingRun


class Terminal:
    """Shows the events of a training: a bar on stderr for each epoch and each phase.

    `name` stands before every line. With `announcing`, a line says when a phase begins. Where
    nobody watches there are no bars, but a line an epoch.
    """

    def __init__(self, name: str = "", *, announcing: bool = False) -> None:
        self._name = f"{name}: " if name else ""
        self._announcing = announcing
        self._phase: Phase | None = None
        self._bar: tqdm[Any] | None = None
        self._shown = ""

    def __call__(self, event: Event) -> None:
        match event:
            case Progress():
                self._progress(event)
            case Note(message=message):
                self._write(message)
            case Step():
                self._step(event)
            case Epoch():
                self._epoch(event)

    def _progress(self, event: Progress) -> None:
        if self._announcing and event.phase != self._phase:
            self._phase = event.phase
            self._write(f"{TrainingRun.Phase(event.phase).label}.")
        if event.total:
            self._show(event.phase.value, event.done, event.total)

    def _step(self, step: Step) -> None:
        bar = self._show(
            _("epoch %(number)s of %(total)s") % {"number": step.epoch, "total": step.epochs},
            step.done,
            step.total,
        )
        left = timedelta(seconds=round(step.seconds_left))
        bar.set_postfix_str(
            _("loss %(loss)s, accuracy %(accuracy)s, photos/s: %(speed)s, %(time)s left")
            % {
                "loss": number_format(round(step.loss, 3), 3),
                "accuracy": percentage(step.accuracy),
                "speed": counted(round(step.photos_per_second)),
                "time": left,
            }
        )

    def _epoch(self, epoch: Epoch) -> None:
        self._write(
            _(
                "stage %(stage)s, epoch %(epoch)s: loss %(loss)s, accuracy %(accuracy)s, "
                "validation %(validation)s, photos/s: %(speed)s, waited %(waiting)s"
            )
            % {
                "stage": epoch.stage,
                "epoch": epoch.epoch,
                "loss": number_format(round(epoch.loss, 3), 3),
                "accuracy": percentage(epoch.accuracy),
                "validation": percentage(epoch.validation_accuracy),
                "speed": counted(round(epoch.photos_per_second)),
                "waiting": percentage(epoch.waiting),
            }
            + (_(", best") if epoch.best else "")
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._shown = None, ""

    def _show(self, what: str, done: int, total: int) -> tqdm[Any]:
        if self._bar is None or what != self._shown:
            self.close()
            self._bar = tqdm(
                desc=f"{self._name}{what}",
                total=total,
                unit="",
                leave=False,
                file=sys.stderr,
                disable=None,
                bar_format="{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}",
            )
            self._shown = what
        self._bar.update(done - self._bar.n)
        return self._bar

    def _write(self, line: str) -> None:
        self.close()
        print(f"{self._name}{line}", file=sys.stderr)


@contextmanager
def progress_bar(what: str, *, unit: str = "", quiet: bool = False) -> Iterator[threads.Progress]:
    """A bar on stderr, where somebody watches. With a unit, thousands of it are counted as such."""
    hidden = True if quiet else None
    with tqdm(desc=what, unit=unit, unit_scale=bool(unit), file=sys.stderr, disable=hidden) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def unused(dataset: Dataset) -> Iterator[str]:
    """A line for every photo that is skipped, and every person who is left out."""
    for skipped in dataset.skipped:
        path = skipped.path.encode(errors="replace").decode()
        yield _("%(path)s is skipped: %(reason)s") % {
            "path": path,
            "reason": refusal(skipped.reason),
        }
    for label, photos in dataset.left_out:
        yield _("%(name)s is left out: %(photos)d of the %(minimum)d photos that it takes.") % {
            "name": label,
            "photos": photos,
            "minimum": dataset.minimum,
        }


class Interruptible:
    """Passes on what a training tells, until it is asked to end.

    A signal raises where the process happens to be, which may be where a library swallows every
    error: then it is raised once more with the next word of the training.
    """

    def __init__(self, callback: Callback) -> None:
        self._callback = callback
        self._asked: KeyboardInterrupt | None = None

    def end(self, interrupt: KeyboardInterrupt) -> Never:
        self._asked = interrupt
        raise interrupt

    def __call__(self, event: Event) -> None:
        if self._asked is not None:
            raise self._asked
        self._callback(event)
