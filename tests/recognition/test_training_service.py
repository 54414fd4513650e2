"""Trainings are asked for, begun, followed, stopped, gone on with; the network is not the point."""

from __future__ import annotations

import datetime as dt
import errno
import logging
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from ml.architectures import ARCHITECTURES
from ml.architectures.recipe import Recipe, Stage
from ml.data.dataset import DataError
from ml.training.events import Epoch, Note, Phase, Progress, Step, silent
from recognition import tasks
from recognition.management.refusals import in_words
from recognition.models import AuditEvent, ModelVersion, Status, TrainingRun, User
from recognition.models.work import MAX_ATTEMPTS, STALE_AFTER
from recognition.services.site import sweeping
from recognition.services.training import execution, locks, making, naming, progress, requests
from recognition.services.training.options import TrainingRefused, given, recipe
from recognition.services.training.progress import Follower, Overtaken, StopRequested
from recognition.services.work import processes
from tests.recognition.conftest import Broker

SITE = {"from_site": True}
SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    settings.MODELS_DIR = tmp_path / "models"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that a worker would have started."""
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(processes, "start", lambda *words, **_: commands.append(words))
    return commands


@pytest.fixture
def run(db: None) -> TrainingRun:
    return requests.request(None, "sface", SITE)


def trains(monkeypatch: pytest.MonkeyPatch, work: Callable[[TrainingRun, Follower], None]) -> None:
    """Put something else in the place of the training itself."""
    monkeypatch.setattr(making, "train", work)


def raises(error: BaseException) -> Callable[[TrainingRun, Follower], None]:
    def work(_row: TrainingRun, _callback: Follower) -> None:
        raise error

    return work


def finishes(row: TrainingRun, _callback: Follower) -> None:
    progress.ours(row).update(status=Status.DONE)


def fresh(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(pk=run.pk)


def at_work(**fields: Any) -> TrainingRun:
    now = timezone.now()
    values = {"status": Status.RUNNING, "claimed_at": now, "heartbeat_at": now, "attempts": 1}
    return TrainingRun.objects.create(name="at-work", architecture="paper", **(values | fields))


def dead(**fields: Any) -> TrainingRun:
    return at_work(heartbeat_at=timezone.now() - STALE_AFTER - SECOND, **fields)


def test_a_training_that_is_asked_for_waits_on_its_own_queue(
    operator: User,
    broker: Broker,
    started: list[tuple[str, ...]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    options = {**SITE, "data": [], "stages": 2, "epochs": 5, "promote": "never"}
    with django_capture_on_commit_callbacks(execute=True):
        run = requests.request(operator, "compact", options)
    assert (run.status, run.promote, run.requested_by) == ("queued", "never", operator)
    assert broker.sent("training") == [("train", str(run.pk))]
    assert broker.sent() == []
    tasks.train(str(run.pk))
    assert started == [("retrain", "--resume", run.name, "--quiet")]
    assert AuditEvent.objects.get(action="training.requested").actor == operator
    asked = fresh(run).arguments
    assert (asked["from_site"], asked["stages"], asked["epochs"]) == (True, 2, [5])


@pytest.mark.parametrize(
    ("architecture", "options", "sentence"),
    [
        ("resnet", SITE, "There is no architecture “resnet”; choose one of: sface, compact, paper"),
        ("paper", {}, "Choose what to train on"),
        ("paper", {**SITE, "data": ["/x"]}, "Choose what to train on"),
        ("paper", {**SITE, "stages": 4}, "paper trains in 3 stages at most, not 4."),
        (
            "paper",
            {**SITE, "epochs": 2},
            "--epochs is too small for 3 stages: give one epoch for each of them or more, or fewer "
            "--stages.",
        ),
        ("paper", {**SITE, "epochs": [1, 2], "stages": 3}, "--epochs does not fit 3 stages."),
        ("paper", {**SITE, "epochs": [0, 1, 1]}, "--epochs takes more than 0."),
        ("paper", {**SITE, "learning_rates": [-1.0]}, "--learning-rates takes more than 0."),
        ("paper", {**SITE, "batch": 0}, "--batch takes more than 0."),
        ("paper", {**SITE, "hold_out": 1.0}, "--hold-out is a share of the people"),
        ("paper", {**SITE, "minimum": 2}, "--minimum is 3 or more"),
        ("paper", {**SITE, "input_size": 8}, "--input-size is from 32 to 112 pixels."),
        ("paper", {**SITE, "seed": -1}, "--seed is from 0 to 4294967295."),
        ("paper", {**SITE, "seed": 2**32}, "--seed is from 0 to 4294967295."),
        ("paper", {**SITE, "margin": 2.0}, "--margin is an angle"),
        ("paper", {**SITE, "precision": "int8"}, "--precision has no “int8”"),
        ("paper", {**SITE, "crops": "none"}, "--crops has no “none”"),
        ("paper", {**SITE, "augmentations": ["blur"]}, "--augment has no “blur”"),
        ("paper", {**SITE, "groups": "/nowhere.csv"}, "There is no file /nowhere.csv"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_a_sentence(
    db: None, architecture: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TrainingRefused) as caught:
        requests.request(None, architecture, options)
    assert sentence in in_words(caught.value)
    assert not TrainingRun.objects.exists()


def test_epochs_for_the_stage_that_runs_are_enough(db: None) -> None:
    run = requests.prepare(None, "sface", {**SITE, "epochs": 2})
    assert run.arguments["epochs"] == (2,)


def test_runs_have_names_of_their_own(db: None) -> None:
    first, second = (requests.request(None, "paper", SITE) for _ in range(2))
    assert first.name != second.name
    with pytest.raises(TrainingRefused, match="name_taken"):
        requests.request(None, "paper", SITE, name=first.name)
    with pytest.raises(TrainingRefused, match="bad_name"):
        requests.request(None, "paper", SITE, name="Модель 1")


def test_the_name_of_a_failed_run_is_free_again_and_nothing_of_it_is_lost(
    db: None, tmp_path: Path
) -> None:
    failed = requests.request(None, "paper", SITE, name="mine")
    requests.stop(failed)
    (tmp_path / "training" / "mine").mkdir(parents=True)
    (tmp_path / "training" / "mine" / "state.json").write_text("{}")
    new = requests.request(None, "paper", SITE, name="mine")
    failed = fresh(failed)
    assert (new.name, failed.name, failed.status) == ("mine", "mine-2", "failed")
    assert failed.message == "Stopped. Go on with: python manage.py retrain --resume mine-2"
    assert not (tmp_path / "training" / "mine").exists()
    assert (tmp_path / "training" / "mine-2" / "state.json").is_file()
    assert AuditEvent.objects.get(action="training.renamed").details == {
        "name": "mine",
        "to": "mine-2",
    }
    requests.stop(new)
    execution.store(requests.prepare(None, "paper", SITE, name="mine"))
    assert fresh(new).name == "mine-3"


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.DONE])
def test_the_name_of_any_other_run_is_taken(db: None, status: Status) -> None:
    TrainingRun.objects.create(name="mine", architecture="paper", status=status)
    with pytest.raises(TrainingRefused, match="name_taken"):
        requests.request(None, "paper", SITE, name="mine")


def test_a_run_that_goes_on_meanwhile_keeps_its_name(db: None) -> None:
    run = TrainingRun.objects.create(name="mine", architecture="paper", status=Status.FAILED)
    new = requests.prepare(None, "paper", SITE, name="mine")
    TrainingRun.objects.filter(pk=run.pk).update(status=Status.RUNNING)
    with pytest.raises(TrainingRefused, match="name_taken"):
        naming.save(new)
    assert fresh(run).name == "mine"


def test_without_room_for_any_training_none_is_asked_for(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "free", lambda _folder: -1)
    with pytest.raises(TrainingRefused, match="no_room") as caught:
        requests.request(None, "paper", SITE)
    assert "There is no room for a training: 500 MB of " in in_words(caught.value)
    assert not TrainingRun.objects.exists()


@pytest.fixture
def _best_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other defaults than the real ones, which change with what is measured."""
    three = (Stage(6, 1e-3), Stage(5, 3e-4), Stage(4, 1e-4))
    scratch = Recipe("paper", three, batch=48, scale=16.0, augmentations=("flip",))
    head = (Stage(30, 1e-3, "head"), Stage(3, 1e-4, "last"), Stage(2, 2e-5, "all"))
    for name, best in {"paper": scratch, "sface": replace(scratch, stages=head)}.items():
        tuned = replace(ARCHITECTURES[name], recipe=best)
        monkeypatch.setitem(ARCHITECTURES, name, tuned)


@pytest.mark.usefixtures("_best_known")
@pytest.mark.parametrize(
    ("architecture", "options", "gpu", "epochs"),
    [
        ("paper", {}, False, [6, 5, 4]),
        ("paper", {"epochs": 15}, False, [6, 5, 4]),
        ("paper", {"epochs": 4}, False, [2, 1, 1]),
        ("paper", {"epochs": [1, 2]}, False, [1, 2]),
        ("paper", {"stages": 1}, False, [6]),
        ("sface", {}, False, [30]),
        ("sface", {}, True, [30, 3, 2]),
        ("sface", {"epochs": 5}, False, [5]),
        ("sface", {"epochs": 2}, False, [2]),
        ("sface", {"epochs": 2}, True, [1, 1]),
        ("sface", {"epochs": [4, 2, 1]}, False, [4, 2, 1]),
    ],
)
def test_epochs_are_divided_among_stages(
    architecture: str, options: dict[str, Any], gpu: bool, epochs: list[int]
) -> None:
    planned = recipe(architecture, given(options), gpu=gpu)
    assert [stage.epochs for stage in planned.stages] == epochs


@pytest.mark.usefixtures("_best_known")
def test_what_is_not_asked_for_is_as_the_architecture_trains_best() -> None:
    planned = recipe("paper", given({"margin": 0.0, "precision": "bfloat16"}), gpu=False)
    assert (planned.scale, planned.margin, planned.batch) == (16.0, 0.0, 48)
    assert planned.augmentations == ("flip",)
    assert planned.precision == "bfloat16"


def test_there_is_one_training_at_a_time(
    run: TrainingRun, started: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = at_work()
    tasks.train(str(run.pk))
    assert started == []
    with pytest.raises(TrainingRefused, match="one_at_a_time"):
        execution.run(run, silent)
    assert fresh(run).status == "queued"
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingRun.objects.filter(pk=run.pk).update(status=Status.RUNNING)
    TrainingRun.objects.filter(pk=other.pk).update(status=Status.DONE)
    trains(monkeypatch, finishes)
    execution.run(run, silent)
    assert fresh(run).status == "done"


def test_when_one_has_ended_the_next_one_begins(
    run: TrainingRun, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = requests.request(None, "paper", SITE)
    trains(monkeypatch, finishes)
    execution.run(run, silent)
    assert broker.sent("training") == [("train", str(waiting.pk))]


def test_a_run_that_has_ended_well_is_not_begun_again(
    run: TrainingRun, started: list[tuple[str, ...]]
) -> None:
    TrainingRun.objects.update(status=Status.DONE)
    tasks.train(str(run.pk))
    requests.resume(run, None)
    requests.stop(run)
    assert (started, fresh(run).status, fresh(run).stop_requested) == ([], "done", False)
    with pytest.raises(TrainingRefused, match="has_ended"):
        execution.run(run, silent)


def test_a_waiting_run_is_stopped_at_once_and_goes_on_when_asked(
    run: TrainingRun, started: list[tuple[str, ...]], operator: User
) -> None:
    requests.stop(run, operator)
    assert (run.status, run.error_code) == ("failed", "stopped")
    assert run.message == f"Stopped. Go on with: python manage.py retrain --resume {run.name}"
    tasks.train(str(run.pk))
    assert started == []
    requests.resume(run, operator)
    assert (run.status, run.error_code, run.message) == ("queued", "", "")
    tasks.train(str(run.pk))
    assert len(started) == 1


def test_a_run_at_work_stops_when_it_next_tells_something(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(row: TrainingRun, callback: Follower) -> None:
        requests.stop(fresh(row))
        assert fresh(row).status == "running"
        callback(Progress(Phase.READING))

    trains(monkeypatch, work)
    with pytest.raises(KeyboardInterrupt):
        execution.run(run, silent)
    assert (run.status, run.error_code) == ("failed", "stopped")


def test_a_run_whose_process_is_dead_is_stopped_at_once(db: None) -> None:
    run = dead()
    requests.stop(run)
    assert (run.status, run.error_code) == ("failed", "stopped")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), "stopped", "Stopped. Go on with"),
        (DataError("no_photos", "There are no photos."), "no_photos", "There are no photos."),
        (OSError(errno.ENOSPC, "No space"), "os_error", "The disk is full. Make room"),
        (OSError(errno.EACCES, "Permission denied", "/m"), "os_error", "/m: Permission denied."),
        (ValueError("odd"), "bug", "An error of the program ended it: ValueError: odd"),
        (
            TrainingRefused("too_many_stages", known=3, count=5),
            "refused",
            "It cannot be trained (too many stages: known 3, count 5).",
        ),
    ],
)
def test_a_run_that_ends_early_says_why_and_may_go_on(
    run: TrainingRun,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: str,
    message: str,
) -> None:
    trains(monkeypatch, raises(error))
    with pytest.raises(type(error)):
        execution.run(run, silent)
    assert (run.status, run.error_code) == ("failed", code)
    assert message in run.message
    assert run.finished_at is not None
    trains(monkeypatch, finishes)
    execution.run(run, silent)
    assert (fresh(run).status, fresh(run).message, fresh(run).attempts) == ("done", "", 1)


def test_a_run_that_the_end_of_the_site_interrupts_waits_for_the_next_start(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    trains(monkeypatch, raises(progress.Interrupted()))
    with pytest.raises(progress.Interrupted):
        execution.run(run, silent)
    assert (fresh(run).status, fresh(run).attempts) == ("queued", 0)


def test_a_run_whose_process_died_is_sent_again(run: TrainingRun, broker: Broker) -> None:
    run.delete()
    alive = at_work()
    assert sweeping.sweep().requeued == 0
    alive.delete()
    lost = dead()
    assert sweeping.sweep().requeued == 1
    assert broker.sent("training") == [("train", str(lost.pk))]
    assert fresh(lost).status == "queued"


def test_a_run_is_missed_at_once_where_its_process_died(
    db: None, tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_work()
    with locks.held(run):
        assert sweeping.sweep().requeued == 0
        with pytest.raises(TrainingRefused, match="one_at_a_time"):
            execution.run(run, silent)
    left_by_the_dead = tmp_path / "training" / ".at-work.lock"
    assert not left_by_the_dead.exists()
    left_by_the_dead.write_text("elsewhere")
    assert sweeping.sweep().requeued == 0
    left_by_the_dead.write_text(socket.gethostname())
    trains(monkeypatch, finishes)
    execution.run(run, silent)
    assert fresh(run).status == "done"


def test_a_run_whose_lock_belongs_to_somebody_else_ends_with_a_sentence(
    run: TrainingRun, tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a file of root: these tests may be run by root."""
    lock = tmp_path / "training" / f".{run.name}.lock"
    lock.mkdir(parents=True)
    trains(monkeypatch, finishes)
    sentence = f"{lock} cannot be written to (Is a directory); check who owns it."
    with pytest.raises(locks.LockUnusable, match=re.escape(sentence)):
        execution.run(run, silent)
    assert (run.status, run.error_code, run.message) == ("failed", "unwritable", sentence)
    assert sweeping.sweep().requeued == 0
    assert broker.sent("training") == []
    lock.rmdir()
    execution.run(run, silent)
    assert fresh(run).status == "done"


def test_a_lock_that_cannot_be_read_leaves_the_silence_to_tell(db: None, tmp_path: Path) -> None:
    run = at_work()
    (tmp_path / "training" / ".at-work.lock").mkdir(parents=True)
    assert not locks.is_dead(run)


def test_while_nobody_takes_messages_a_run_is_not_sent_again_and_again(
    run: TrainingRun, broker: Broker
) -> None:
    assert [sweeping.sweep().requeued for _ in range(3)] == [1, 0, 0]
    assert broker.sent("training") == [("train", str(run.pk))]


def test_a_run_that_was_to_stop_does_not_go_on_when_its_process_dies(
    db: None, broker: Broker
) -> None:
    run = dead(stop_requested=True)
    assert sweeping.sweep().requeued == 0
    assert (fresh(run).status, fresh(run).error_code) == ("failed", "stopped")


def test_a_run_that_kills_its_process_every_time_fails(db: None, broker: Broker) -> None:
    run = dead(attempts=MAX_ATTEMPTS)
    assert sweeping.sweep().requeued == 0
    assert (fresh(run).status, fresh(run).error_code) == ("failed", "gave_up")


def test_a_process_that_was_taken_for_dead_writes_nothing_more(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(row: TrainingRun, callback: Follower) -> None:
        TrainingRun.objects.update(claimed_at=timezone.now() + SECOND)
        callback(Progress(Phase.READING))

    trains(monkeypatch, work)
    with pytest.raises(TrainingRefused, match="overtaken"):
        execution.run(run, silent)
    assert (fresh(run).status, fresh(run).phase) == ("running", "")


STEP = Step(1, 3, 1, 15, 64, 640, 2.0, 0.5, 100.0, 60.0)
EPOCH = Epoch(1, 1, 1e-3, 2.0, 0.5, 1.5, 0.6, 10.0, 100.0, 0.01, best=True)


@pytest.fixture
def follower(db: None) -> Follower:
    return Follower(at_work(), silent)


def row() -> TrainingRun:
    return TrainingRun.objects.get(name="at-work")


def test_progress_is_written_at_most_once_a_second(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    follower(Progress(Phase.TRAINING))
    writes = []
    monkeypatch.setattr(progress, "show_life", lambda *_, **news: writes.append(news))
    for _ in range(50):
        now[0] += 0.1
        follower(STEP)
    assert 4 <= len(writes) <= 5
    assert writes[-1]["progress"]["accuracy"] == 0.5


def test_an_epoch_is_written_at_once_and_shows_that_it_gets_on(follower: Follower) -> None:
    TrainingRun.objects.update(attempts=2)
    follower(Progress(Phase.TRAINING))
    follower(STEP)
    follower(EPOCH)
    follower(EPOCH)
    assert [epoch["best"] for epoch in row().history] == [True, True]
    assert (row().attempts, row().phase, row().progress["photos_per_second"]) == (
        1,
        "training",
        100.0,
    )


def test_what_cannot_be_written_now_is_written_with_the_next(
    follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(*_: object, **_news: object) -> None:
        raise DatabaseError("database is locked")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(progress, "show_life", locked)
        follower(EPOCH)
    assert "is written later" in caplog.text
    follower(Note("Going on."))
    assert (len(row().history), row().message) == (1, "Going on.")


def test_the_follower_hands_on_the_wish_to_stop(follower: Follower) -> None:
    TrainingRun.objects.update(stop_requested=True)
    with pytest.raises(StopRequested):
        follower(Progress(Phase.CROPS, 1, 2))
    TrainingRun.objects.update(status=Status.FAILED)
    with pytest.raises(Overtaken):
        follower(Note("still here"))


def test_a_long_silence_is_broken_by_the_pulse(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PULSE_SECONDS", 0.01)
    run = dead()
    with progress.pulse(run):
        until = timezone.now() + 5 * SECOND
        while fresh(run).heartbeat_at < timezone.now() - STALE_AFTER:  # type: ignore[operator]
            assert timezone.now() < until


def test_a_version_is_trained_again_as_it_was(run: TrainingRun, operator: User) -> None:
    version = ModelVersion.objects.create(name=run.name, digest="1" * 64, embedding_size=8)
    with pytest.raises(TrainingRefused, match="not_trained_here"):
        requests.request_again(version, operator)
    TrainingRun.objects.update(status=Status.DONE, version=version)
    again = requests.request_again(version, operator)
    assert again.architecture == "sface"
    assert fresh(again).arguments == fresh(run).arguments
