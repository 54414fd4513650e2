"""`manage.py retrain` as somebody at a terminal meets it."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ml import installed
from ml.training.events import Epoch
from recognition.management import tensorflow
from recognition.management.commands import retrain as retrain_command
from recognition.management.run_report import as_dict, in_words
from recognition.models import ModelVersion, TrainingRun
from recognition.services.training import making
from recognition.services.training import words as training_words
from tests.sites import ROOT, Site, python

PEOPLE = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Иван Петров", "李雷")
PHOTOS = 6


@pytest.fixture
def _no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognition.management.commands.retrain.load_tensorflow", lambda: None)
    monkeypatch.setattr(making, "require_means", lambda _row: None)


def refused(*options: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("retrain", *options, stdout=StringIO(), stderr=StringIO())
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--architecture", "resnet", "--from-site"], "There is no architecture “resnet”; choose"),
        ([], "Choose what to train on: folders, or the site’s own faces."),
        (["--from-site", "--stages", "9"], "sface trains in 3 stages at most, not 9."),
        (["--from-site", "--open-set"], "--open-set goes with --answers-by classes"),
        (["--from-site", "--answers-by", "x"], "--answers-by has no “x”; choose one of: gallery,"),
        (["--from-site", "--epochs", "1,x"], "“1,x” is neither a number nor a list such as 6,5,4"),
        (["--resume", "gone"], "There is no run “gone”; the last ones are: none yet."),
    ],
)
def test_a_mistake_is_answered_in_one_sentence(db: None, options: list[str], sentence: str) -> None:
    assert sentence in refused(*options)
    assert not TrainingRun.objects.exists()


@pytest.mark.usefixtures("_no_tensorflow")
def test_ctrl_c_says_how_to_go_on(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "train", stop)
    with pytest.raises(CommandError) as caught:
        call_command("retrain", "--from-site", "--quiet", "--name", "mine", stderr=StringIO())
    assert caught.value.returncode == 130
    assert str(caught.value) == "Stopped. Go on with: python manage.py retrain --resume mine"


@pytest.mark.usefixtures("_no_tensorflow")
def test_options_of_the_command_are_those_of_the_run(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "train", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        call_command(
            "retrain",
            *("--architecture", "compact", "--data", "here", "--data", "/there", "--seed", "7"),
            *("--epochs", "3,2", "--learning-rates", "0.01,0.001", "--no-flip", "--quiet"),
            *("--augment", "flip,light", "--promote", "never", "--hold-out", "0.5"),
        )
    run = TrainingRun.objects.get()
    asked = run.arguments
    assert asked["data"] == [str(Path("here").resolve()), "/there"]
    assert (asked["epochs"], asked["learning_rates"]) == ([3, 2], [0.01, 0.001])
    assert (asked["augmentations"], asked["seed"], asked["hold_out"]) == (["light"], 7, 0.5)
    assert (run.architecture, run.promote) == ("compact", "never")


@pytest.mark.parametrize(
    "options",
    [
        ["--from-site"],
        ["--data", "faces", "--augment", "none"],
        ["--data", "faces", "--no-flip", "--no-jitter", "--no-light", "--no-rotation"],
        [
            *("--data", "faces", "--data", "Иван Петров", "--groups", "groups of all.csv"),
            *("--epochs", "3,2", "--learning-rates", "0.01,0.001", "--stages", "2", "--no-flip"),
            *("--crops", "as-is", "--hold-out", "0.0", "--minimum", "3", "--seed", "7"),
            *("--batch", "16", "--input-size", "64", "--scale", "8.0", "--margin", "0.0"),
            *("--precision", "float32", "--architecture", "compact"),
            *("--answers-by", "classes", "--open-set"),
        ],
    ],
)
def test_the_command_that_is_noted_asks_for_the_same(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("groups of all.csv").touch()
    asked = parsed(options)
    program, *again = shlex.split(training_words.command(asked))[1:]
    assert (program, again[0]) == ("manage.py", "retrain")
    noted = parsed(again[1:])
    assert (noted.architecture, noted.arguments) == (asked.architecture, asked.arguments)


def parsed(options: list[str]) -> TrainingRun:
    parser = retrain_command.Command().create_parser("manage.py", "retrain")
    return retrain_command._asked_for(vars(parser.parse_args(options)))


@pytest.fixture
def stopped(db: None) -> TrainingRun:
    arguments = {"from_site": True, "seed": 7}
    return TrainingRun.objects.create(
        name="mine", architecture="compact", status="failed", arguments=arguments
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--seed", "0"], "Not to be given with --resume, as a run goes on as it began: --seed."),
        (["--from-site", "--epochs", "9"], "as a run goes on as it began: --from-site, --epochs."),
        (["--data", "."], "as it began: --data."),
        (["--architecture", "sface", "--name", "x"], "as it began: --architecture, --name."),
        (["--no-flip"], "as it began: --no-flip."),
    ],
)
def test_a_run_that_goes_on_cannot_become_another(
    stopped: TrainingRun, options: list[str], sentence: str
) -> None:
    assert sentence in refused("--resume", "mine", *options)


@pytest.mark.usefixtures("_no_tensorflow")
@pytest.mark.parametrize(("given", "promote"), [([], "auto"), (["--promote", "never"], "never")])
def test_a_run_that_goes_on_may_be_kept_out_of_service(
    stopped: TrainingRun, monkeypatch: pytest.MonkeyPatch, given: list[str], promote: str
) -> None:
    monkeypatch.setattr(making, "train", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        call_command("retrain", "--resume", "mine", "--quiet", "--json", *given)
    stopped.refresh_from_db()
    assert (stopped.promote, stopped.arguments["seed"]) == (promote, 7)


def test_what_came_of_it_in_words_and_for_programs(db: None) -> None:
    version = ModelVersion.objects.create(
        name="paper-1",
        architecture="paper",
        digest="0" * 64,
        embedding_size=128,
        metrics={
            "closed_set": {
                "train": 0.9,
                "validation": 0.8,
                "test": 0.7,
                "top5": 0.95,
                "classes": 12,
            },
            "own_classes": {"right": 0.7, "dir": {"0.1": 0.32, "0.01": None}},
            "held_out": {"rank1": {"value": 0.5, "low": 0.4, "high": 0.6}},
        },
        gate={
            "passed": False,
            "reasons": [{"code": "answers_by_classes", "params": {}}],
            "against": "sface-2021dec",
        },
        answers_by="classes",
    )
    history = [
        asdict(Epoch(1, 1, 1e-3, 2.0, 0.5, 1.5, 0.6, 10.0, 100.0, 0.1, best=True)),
        asdict(Epoch(1, 2, 1e-3, 2.0, 0.5, 1.5, 0.6, 30.0, 200.0, 0.3, best=True)),
    ]
    run = TrainingRun(name="paper-1", version=version, history=history)
    found = as_dict(run)
    assert list(found) == [
        *("version", "architecture", "state", "answers_by", "own_classes"),
        *("train", "validation", "test", "top5", "classes"),
        *("held_out", "gate", "seconds", "photos_per_second", "waiting", "report"),
    ]
    assert (found["answers_by"], found["own_classes"]["right"]) == ("classes", 0.7)
    assert (found["seconds"], found["photos_per_second"], found["waiting"]) == (40, 175, 0.25)
    assert found["report"].endswith("/models/paper-1/report/report.html")
    words = in_words(run)
    assert "70.0% of the test photos, among 12 people" in words
    assert "It answers by its own classes, as a closed set. As an open one: 32.0% at" in words
    assert "It did not pass the gate." in words
    assert 'python manage.py promote paper-1 --force --reason "…"' in words


@pytest.mark.slow
def test_tensorflow_comes_in_without_a_word() -> None:
    script = (
        "from recognition.management.tensorflow import load_tensorflow as l; import sys; l(); "
        "print('back', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "back\n"
    assert tensorflow.STDERR == 2


WRONG_FOLDER = """
import sys
import django
django.setup()
from django.core.management import CommandError, call_command
call_command("migrate", verbosity=0)
from recognition.models import TrainingRun
run = {"from_site": False, "data": ["/nowhere"]}
TrainingRun.objects.create(name="mine", architecture="paper", status="queued", arguments=run)
for options in (("retrain", "--data", "/nowhere"), ("retrain", "--resume", "mine"),
                ("compare", "--data", "/nowhere")):
    try:
        call_command(*options)
    except CommandError as error:
        print(error)
print(TrainingRun.objects.get().error_code, "tensorflow" in sys.modules, "keras" in sys.modules)
"""


@pytest.mark.slow
def test_a_wrong_folder_is_told_before_tensorflow_is_loaded() -> None:
    done = python("-c", WRONG_FOLDER, FACESITE_DEBUG="true")
    assert done.returncode == 0, done.stderr
    *told, last = done.stdout.splitlines()
    assert told == ["There is no folder /nowhere; check --data."] * 3
    assert last == "no_folder False False"


def test_a_run_that_waits_ends_where_tensorflow_is_missing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda _name: None)
    told = {"from_site": False, "data": [str(ROOT / "demo" / "people")]}
    run = TrainingRun.objects.create(name="mine", architecture="paper", arguments=told)
    sentence = refused("--resume", "mine")
    run.refresh_from_db()
    assert (run.status, run.error_code, run.message) == ("failed", "not_installed", sentence)


# From here on a real network learns real, rendered faces: a minute for each run.


@pytest.fixture(scope="module")
def small(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few photos of a few people, whose names are in several scripts."""
    place = tmp_path_factory.mktemp("small")
    folders = sorted((shared_data / "synthetic" / "train").iterdir())[: len(PEOPLE)]
    for name, folder in zip(PEOPLE, folders, strict=True):
        (place / name).mkdir()
        for photo in sorted(folder.iterdir())[:PHOTOS]:
            shutil.copy(photo, place / name)
    return place


@pytest.fixture(scope="module")
def site(packaged_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    place = tmp_path_factory.mktemp("site") / "data"
    shutil.copytree(packaged_model, place / "models")
    site = Site(place)
    site.manage("migrate", "--verbosity=0")
    site.manage("install_model")
    return site


def retrain(site: Site, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "retrain", *options],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


PAPER = ("--architecture", "paper", "--crops", "as-is", "--input-size", "32", "--hold-out", "0.5")


def rows(site: Site, fields: str) -> list[list[Any]]:
    script = (
        "import json; from recognition.models import TrainingRun\n"
        f"found = TrainingRun.objects.order_by('created_at').values_list({fields})\n"
        "print(json.dumps([list(row) for row in found]))"
    )
    found: list[list[Any]] = json.loads(site.manage("shell", "-v0", "-c", script))
    return found


@pytest.mark.slow
def test_a_dry_run_tells_everything_and_writes_nothing(site: Site, small: Path) -> None:
    before = sorted(site.data_dir.rglob("*"))
    done = retrain(site, "--data", str(small), *PAPER, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "2 people to learn: 8 photos to train with, 2 to validate, 2 to test." in done.stdout
    assert "5 people held out" in done.stdout
    assert "Stage 3, epochs: 4" in done.stdout
    assert "bfloat16" in done.stdout
    assert "The training itself would take about" in done.stdout
    told = retrain(site, "--data", str(small), *PAPER, "--dry-run", "--json")
    found = json.loads(told.stdout.splitlines()[-1])
    assert (found["architecture"], found["people"], found["held_out"]) == ("paper", 2, 5)
    assert found["photos"] == {"train": 8, "validation": 2, "test": 2, "held_out": 30}
    assert [stage["epochs"] for stage in found["stages"]] == [10, 6, 4]
    assert (found["batch"], found["input_size"]) == (32, 32)
    assert found["precision"] in {"bfloat16", "float32"}
    assert found["seconds"] > 0
    assert sorted(site.data_dir.rglob("*")) == before
    assert rows(site, "'name'") == []


@pytest.mark.slow
def test_a_training_makes_a_version_with_labels_split_and_report(site: Site, small: Path) -> None:
    done = retrain(
        site, "--data", str(small), *PAPER, "--epochs", "1,1", "--json", "--name", "first"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["version"], found["state"], found["classes"]) == ("first", "candidate", 2)
    assert not found["gate"]["passed"]
    assert Path(found["report"]).is_file()
    version = site.data_dir / "models" / "first"
    labels = json.loads((version / "labels.json").read_text(encoding="utf-8"))
    assert set(labels.values()) < set(PEOPLE)
    split = json.loads((version / "split.json").read_text(encoding="utf-8"))
    assert len(split["pixels"]) == sum(map(len, split["held_out"].values())) + 12
    metrics = json.loads((version / "report/metrics.json").read_text(encoding="utf-8"))
    assert metrics["measured_on"]
    assert metrics["packaged"] is None, "it is the one in service"
    assert found["gate"]["outcome"] == "cannot_tell"
    assert "Stage" not in done.stderr
    assert "stage 2, epoch 2: loss" in done.stderr
    assert ", best" in done.stderr
    assert "oneDNN" not in done.stderr
    ((status, history, message),) = rows(site, "'status', 'history', 'message'")
    assert (status, [epoch["stage"] for epoch in history]) == ("done", [1, 2])
    assert "2 people to learn" in message
    assert not (site.data_dir / "training" / "first").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        (0, "There are no photos in"),
        (1, "of 1 people in the data"),
    ],
)
def test_data_that_cannot_be_learned_is_refused_in_one_sentence(
    site: Site, small: Path, tmp_path: Path, people: int, sentence: str
) -> None:
    for folder in sorted(small.iterdir())[:people]:
        shutil.copytree(folder, tmp_path / folder.name)
    done = retrain(site, "--data", str(tmp_path), *PAPER, "--name", f"only-{people}")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("CommandError: ")
    assert sentence in last
    assert "Traceback" not in done.stderr
    assert not (site.data_dir / "models" / f"only-{people}").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_broken_run_loses_an_epoch_at_most_and_goes_on_at_once(
    site: Site, small: Path, how: signal.Signals
) -> None:
    name = f"broken-{how}"
    command = ("--data", str(small), *PAPER, "--epochs", "30", "--stages", "1", "--name", name)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "retrain", *command],
        cwd=ROOT,
        env=site.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while not process.stderr.readline().startswith("stage 1, epoch 2"):
        assert process.poll() is None
    process.send_signal(how)
    assert process.wait(timeout=120) == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert process.stderr.read().splitlines()[-1] == (
            f"CommandError: Stopped. Go on with: python manage.py retrain --resume {name}"
        )
    assert not (site.data_dir / "models" / name).exists()
    before = rows(site, "'name', 'history'")[-1][1]
    assert 2 <= len(before) < 30
    done = retrain(site, "--resume", name, "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    after = rows(site, "'name', 'history'")[-1][1]
    assert after[: len(before)] == before
    assert [epoch["epoch"] for epoch in after] == list(range(1, 31))


@pytest.mark.slow
def test_a_folder_of_models_that_cannot_be_written_is_named_before_hours_are_spent(
    site: Site, small: Path, tmp_path: Path
) -> None:
    models, aside = site.data_dir / "models", tmp_path / "models"
    models.rename(aside)
    models.write_text("in the way")
    try:
        done = retrain(site, "--data", str(small), *PAPER, "--name", "nowhere")
    finally:
        models.unlink()
        aside.rename(models)
    assert done.returncode == 1
    assert f"{models} cannot be written to" in done.stderr.splitlines()[-1]
