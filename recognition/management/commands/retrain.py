from __future__ import annotations

import json
import signal
import sys
from typing import Any, Never

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ml.architectures import DEFAULT
from ml.errors import ArtifactMissing, MLError
from ml.training.events import Callback, Note, silent
from recognition.management import dry_run, retrain_options, run_report
from recognition.management.base import SiteCommand
from recognition.management.refusals import in_words
from recognition.management.tensorflow import load_tensorflow
from recognition.management.terminal import Interruptible, Terminal
from recognition.management.versions import to_be_mended, trouble
from recognition.models import TrainingRun
from recognition.presenters import payoff
from recognition.services.training import execution, making, requests, words
from recognition.services.training.options import TrainingRefused
from recognition.services.training.progress import Interrupted

STOPPED = 130  # 128 + SIGINT, as shells have it


class Command(SiteCommand):
    help = gettext_noop(
        "Trains a network into a new model version, measures it on people it has never seen, and "
        "puts it into service if it is better by more than chance. docs/training.md has more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        retrain_options.add(parser)

    def handle(self, **options: Any) -> None:
        terminal = Terminal(announcing=True)
        callback = Interruptible(silent if options["quiet"] else terminal)
        _obey_signals(callback)
        try:
            row = _resumed(options) if options["resume"] else _asked_for(options)
            _look_first(row, goes_on=bool(options["resume"]))
            if row.arguments["from_site"] and not options["resume"]:
                self._say_what_pays(callback)
            if options["dry_run"]:
                return self._look(row, callback, terminal, as_json=options["json"])
            self._train(row, callback, terminal)
        except ArtifactMissing as error:
            raise CommandError(to_be_mended(error)) from error
        except TrainingRefused as refused:
            raise CommandError(in_words(refused)) from refused
        except MLError as error:
            raise CommandError(trouble(error)) from error
        except DatabaseError as error:
            raise CommandError(_("The database cannot be used: %s.") % error) from error
        except OSError as error:
            raise CommandError(words.refused_by_the_system(error)) from error
        return self._report(row, as_json=options["json"])

    def _say_what_pays(self, callback: Callback) -> None:
        told = payoff.of_this_site()
        for line in (*told.photos_in_words, *told.trainings_in_words):
            callback(Note(line))
        if told.reviewed:
            callback(Note(_("Before you train: %s.") % "manage.py enrol --reviewed"))

    def _train(self, row: TrainingRun, callback: Callback, terminal: Terminal) -> None:
        execution.store(row)
        callback(Note(str(row)))
        try:
            execution.run(row, callback)
        except Interrupted:
            sys.exit(128 + signal.SIGTERM)
        except KeyboardInterrupt:
            raise CommandError(row.message, returncode=STOPPED) from None
        finally:
            terminal.close()

    def _look(
        self, row: TrainingRun, callback: Callback, terminal: Terminal, *, as_json: bool
    ) -> None:
        try:
            found = dry_run.look(row, callback)
        finally:
            terminal.close()
        self.conclude(found.as_dict(), "\n".join(found.in_words()), as_json=as_json)

    def _report(self, row: TrainingRun, *, as_json: bool) -> None:
        found = json.dumps(run_report.as_dict(row)) if as_json else run_report.in_words(row)
        self.stdout.write(found)


def _look_first(row: TrainingRun, *, goes_on: bool) -> None:
    """Load TensorFlow if it is there and there is anything to learn from. A run that goes on ends
    by itself if not, and its row says why."""
    try:
        making.require_means(row)
        load_tensorflow()
    except MLError:
        if not goes_on:
            raise


def _asked_for(options: dict[str, Any]) -> TrainingRun:
    """A row that is not stored yet."""
    given = {
        **options,
        "data": [str(root.resolve()) for root in options["data"]],
        "augmentations": retrain_options.augmentations(options),
        "groups": str(options["groups"].resolve()) if options["groups"] else "",
    }
    architecture = options["architecture"] or DEFAULT
    return requests.prepare(None, architecture, given, name=options["name"])


def _resumed(options: dict[str, Any]) -> TrainingRun:
    if asked := retrain_options.of_a_new_run(options):
        said = _("Not to be given with --resume, as a run goes on as it began: %s.")
        raise CommandError(said % ", ".join(asked))
    row = _run_named(options["resume"])
    row.promote = options["promote"] or row.promote
    return row


def _run_named(name: str) -> TrainingRun:
    row = TrainingRun.objects.filter(name=name).first()
    if row is None:
        last = ", ".join(TrainingRun.objects.values_list("name", flat=True)[:3]) or _("none yet")
        said = _("There is no run “%(name)s”; the last ones are: %(known)s.")
        raise CommandError(said % {"name": name, "known": last})
    return row


def _obey_signals(callback: Interruptible) -> None:
    def interrupt(number: int, _frame: object) -> Never:
        callback.end(Interrupted() if number == signal.SIGTERM else KeyboardInterrupt())

    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # as a shell sets for what runs behind it
        signal.signal(signal.SIGINT, interrupt)
