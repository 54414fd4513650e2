from __future__ import annotations

import json
import signal
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Never

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from ml.errors import ArtifactMissing, MLError
from recognition.management.hush import load_tensorflow
from recognition.management.run_watcher import Quiet, RunWatcher
from recognition.models import TrainingRun
from recognition.services import training, training_words
from recognition.services.model_versions import MENDING_COMMAND
from recognition.services.training import Interrupted
from recognition.services.training_options import (
    AUGMENTATIONS,
    TrainingRefused,
    default_augmentations,
)

STOPPED = 130  # 128 + SIGINT, as shells have it


def numbers(text: str) -> tuple[int, ...]:
    return _listed(text, int)


def decimals(text: str) -> tuple[float, ...]:
    return _listed(text, float)


def _listed(text: str, kind: Any) -> tuple[Any, ...]:
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no number and no list such as 6,5,4") from None


def names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part != "none")


class Command(BaseCommand):
    help = (
        "Trains a network into a new model version, measures it on people it has never seen, and "
        "puts it into service if it is not worse than the one that is. docs/training.md has more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_source(parser)
        add_training(parser)
        add_run(parser)

    def handle(self, **options: Any) -> None:
        _obey_sigterm()
        watcher = Quiet() if options["quiet"] else RunWatcher()
        try:
            row = _resumed(options["resume"]) if options["resume"] else _asked_for(options)
            load_tensorflow()
            if options["dry_run"]:
                return self._look(row, watcher)
            self._train(row, watcher)
        except ArtifactMissing as error:
            raise CommandError(f"{error} Run: {MENDING_COMMAND}") from error
        except (MLError, TrainingRefused) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}.") from error
        except OSError as error:
            raise CommandError(training_words.refused_by_the_system(error)) from error
        return self._report(row, as_json=options["json"])

    def _train(self, row: TrainingRun, watcher: RunWatcher | Quiet) -> None:
        training.store(row)
        watcher.note(str(row))
        try:
            training.run(row, watcher)
        except Interrupted:
            sys.exit(128 + signal.SIGTERM)
        except KeyboardInterrupt:
            raise CommandError(row.message, returncode=STOPPED) from None
        finally:
            watcher.close()

    def _look(self, row: TrainingRun, watcher: RunWatcher | Quiet) -> None:
        from recognition.management import dry_run  # noqa: PLC0415  (loads TensorFlow)

        for line in dry_run.look(row, watcher):
            self.stdout.write(line)

    def _report(self, row: TrainingRun, *, as_json: bool) -> None:
        from recognition.management.run_report import as_dict, in_words  # noqa: PLC0415

        if as_json:
            self.stdout.write(json.dumps(as_dict(row)))
        else:
            self.stdout.write(in_words(row))


def add_source(parser: CommandParser) -> None:
    group = parser.add_argument_group("what to learn from")
    group.add_argument(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a folder that holds a folder of photos per person; may be given several times",
    )
    group.add_argument(
        "--from-site",
        action="store_true",
        help="the site's enrolled and confirmed faces of people whose consent covers training",
    )
    group.add_argument(
        "--crops",
        default="aligned",
        metavar="aligned|as-is",
        help="find and align the faces as in serving, or take 112×112 photos as they are (aligned)",
    )
    group.add_argument(
        "--hold-out",
        type=float,
        default=0.2,
        metavar="SHARE",
        help="of the people, whom it is only measured on (0.2)",
    )
    group.add_argument(
        "--minimum", type=int, default=5, metavar="N", help="photos that a person needs (5)"
    )
    group.add_argument(
        "--groups",
        type=Path,
        metavar="FILE",
        help="a CSV file of label,group: the report then has figures for each group",
    )


def add_training(parser: CommandParser) -> None:
    group = parser.add_argument_group("how to learn; by default as the architecture does best")
    group.add_argument(
        "--architecture", default="sface", metavar="A", help="paper, compact or sface (sface)"
    )
    group.add_argument("--stages", type=int, metavar="N", help="train only the first N stages")
    group.add_argument(
        "--epochs", type=numbers, metavar="N|A,B,C", help="in all, or those of each stage"
    )
    group.add_argument(
        "--learning-rates", type=decimals, metavar="R|A,B,C", help="of all stages, or of each"
    )
    group.add_argument("--batch", type=int, metavar="N", help="photos in a step")
    group.add_argument(
        "--input-size", type=int, metavar="PIXELS", help="side to which faces are scaled (112)"
    )
    group.add_argument("--scale", type=float, help="of the margin softmax")
    group.add_argument("--margin", type=float, help="of the margin softmax, in radians")
    group.add_argument(
        "--augment",
        type=names,
        metavar="A,B|none",
        help=f"changes to the photos while learning, among {','.join(AUGMENTATIONS)}",
    )
    for name in AUGMENTATIONS:
        group.add_argument(f"--no-{name}", action="store_true", help=f"learn without {name}")
    group.add_argument("--seed", type=int, default=0, help="of everything that is random (0)")
    group.add_argument(
        "--precision",
        default="auto",
        metavar="auto|float32|bfloat16",
        help="bfloat16 where the processor has it (auto)",
    )


def add_run(parser: CommandParser) -> None:
    group = parser.add_argument_group("the run")
    group.add_argument("--name", default="", help="of the run and its version")
    group.add_argument(
        "--resume", metavar="RUN", help="go on with a run that was interrupted; takes its options"
    )
    group.add_argument(
        "--promote",
        choices=TrainingRun.Promote.values,
        default=TrainingRun.Promote.AUTO,
        help="auto puts it into service if it passes the gate (auto)",
    )
    group.add_argument(
        "--dry-run", action="store_true", help="say what it would do, and write nothing"
    )
    group.add_argument("--quiet", action="store_true", help="say nothing but the end")
    group.add_argument("--json", action="store_true", help="end with one JSON object, for programs")


def _asked_for(options: dict[str, Any]) -> TrainingRun:
    """A row that is not stored yet."""
    given = {
        **options,
        "data": [str(root.resolve()) for root in options["data"]],
        "augmentations": _augmentations(options),
        "groups": str(options["groups"].resolve()) if options["groups"] else "",
    }
    return training.prepare(None, options["architecture"], given, name=options["name"])


def _augmentations(options: dict[str, Any]) -> tuple[str, ...] | None:
    without = {name for name in AUGMENTATIONS if options[f"no_{name}"]}
    if options["augment"] is None and not without:
        return None
    chosen = options["augment"]
    if chosen is None:
        chosen = default_augmentations(options["architecture"])
    return tuple(name for name in chosen if name not in without)


def _resumed(name: str) -> TrainingRun:
    row = TrainingRun.objects.filter(name=name).first()
    if row is None:
        last = ", ".join(TrainingRun.objects.values_list("name", flat=True)[:3])
        hint = f"the last ones are {last}" if last else "nothing has been trained here yet"
        raise CommandError(f"There is no run {name!r}; {hint}.")
    return row


def _obey_sigterm() -> None:
    def interrupt(_signal: int, _frame: object) -> Never:
        raise Interrupted

    signal.signal(signal.SIGTERM, interrupt)
