from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import override

from ml import imaging
from ml.detection import Detector
from ml.evaluation.timing import Spread, milliseconds
from ml.experiments.peers import contest
from ml.headers import PhotoInfo
from ml.versions import default
from recognition.management.benchmarking import (
    galleries,
    learning,
    measuring,
    overload,
    peers,
    photos,
    stages,
    trainings,
)
from recognition.management.benchmarking.peers import Peers
from recognition.management.benchmarking.site import SiteFailed, inside
from recognition.management.benchmarking.tables import tables
from recognition.management.visitor import ASKS_AGAIN, Visitor, _first_look, _next_look
from recognition.models import Identification, TrainingRun, User
from tests.factories import PASSWORD
from tests.sites import Site

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ROOT / "demo" / "photos" / "people"


@pytest.mark.parametrize("faces", [1, 3, 12])
def test_photos_are_of_the_promised_size_with_the_promised_faces(faces: int) -> None:
    assert imaging.inspect(photos.group(faces, 640)) == PhotoInfo("JPEG", 640, 426)
    assert len(Detector.load().detect(imaging.decode(photos.group(faces, 640)))) == faces


def test_several_runs_are_told_by_their_median_and_their_ends() -> None:
    assert Spread.of([3.0, 1.0, 8.0]) == Spread(median=3.0, min=1.0, max=8.0, runs=3)


def test_the_runs_that_warm_up_are_not_counted() -> None:
    slow = iter([0.05, 0.0, 0.0, 0.0])
    assert milliseconds(lambda: time.sleep(next(slow)), repeats=3, warm_up=1).max < 50


@pytest.mark.parametrize(
    ("trigger", "first", "then"),
    [
        ("load, every 500ms", 0.0, 0.5),
        ("load delay:400ms, every 700ms", 0.4, 0.7),
        ("every 3s", 3.0, 3.0),
    ],
)
def test_a_visitor_waits_as_long_as_the_page_says(trigger: str, first: float, then: float) -> None:
    assert (_first_look(trigger), _next_look(trigger)) == (first, then)


@pytest.mark.slow
@pytest.mark.django_db
def test_a_visitor_gets_the_answer_that_a_browser_gets(live_site: Site) -> None:
    visitor = Visitor(live_site.port)
    assert visitor.log_in("admin", PASSWORD).path == "/"
    page = visitor.upload(photos.portraits(1))
    assert re.fullmatch(r"/uploads/[0-9a-f-]{36}/", page.path)
    answer = visitor.wait_for_answer(page)
    assert answer.status == 200
    assert not ASKS_AGAIN.search(answer.text)


SPREAD = {"median": 12.34, "min": 11.0, "max": 1450.0, "runs": 5}


def test_a_table_has_the_median_and_both_ends_of_each_figure() -> None:
    """A stage that is new to it comes under its own name."""
    stages = {"decode": SPREAD, "dream": SPREAD, "total": SPREAD}
    photo = {"pixels": 640, "faces": 3, "found": 3, "ms": stages}
    measured = {
        "machine": {"processor": "Abacus", "cores": 2, "python": "3.11.7", "load_before": 0.25},
        "stages": {"threads": 2, "first_photo_ms": 480.0, "photos": [photo]},
    }
    first, table, last = tables(measured)
    assert first == "Abacus, cores: 2, Python 3.11.7; load before: 0.25."
    heading, _empty, columns, _rule, row = table.splitlines()
    assert heading == "One photo from its bytes to its stored answer, in one process (ms)"
    assert columns == "| width, faces | decode | dream | in all |"
    assert row == "| 640 px, 3 | 12.3 | 12.3 | 12.3 (11.0–1,450) |"
    assert "480 ms" in last


def test_a_table_is_in_the_language_of_the_site() -> None:
    memory = {"worker": {"rss": 1234.5, "pss": 100.0}, "total": {"rss": 1300.0}}
    machine = {"processor": "Abacus", "cores": 2, "python": "3.11.7", "load_before": 0.25}
    with override("ru"):
        said = "\n".join(
            tables({"machine": machine, "memory": {"templates": 36, "after_start": memory}})
        )
    assert "ядер: 2" in said
    assert "| worker | 1 234 | 100 |" in said.replace("\xa0", " ")
    assert "| total | 1 300 | – |" in said.replace("\xa0", " ")


@pytest.mark.django_db
def test_what_became_of_a_flood_of_photos_is_told_from_the_rows(user: User) -> None:
    began = timezone.now()
    row = {"user": user, "filename": "a.jpg", "created_at": began}
    done = Identification(status="done", finished_at=began + dt.timedelta(seconds=3), **row)
    Identification.objects.bulk_create([done, Identification(status="queued", **row)])
    assert overload.outcome(began.isoformat()) == {"answered": 1, "longest_wait_s": 3.0}
    later = (began + dt.timedelta(seconds=1)).isoformat()
    assert overload.outcome(later) == {"answered": 0, "longest_wait_s": 0.0}


@pytest.mark.slow
def test_numbers_of_a_busy_site_are_refused_when_the_training_was_over_before(
    make_site: Callable[..., Site],
) -> None:
    folder = make_site().data_dir
    inside(folder, begun_training, "running")
    learning.require_learning(folder)
    inside(folder, begun_training, "done")
    with pytest.raises(SiteFailed, match=r"was over before the last photo .*\(done\)"):
        learning.require_learning(folder)


def begun_training(status: str) -> None:
    values = {"architecture": "paper", "status": status, "history": [{"epoch": 1}]}
    TrainingRun.objects.update_or_create(values, name="t")


def test_a_training_is_asked_for_as_an_operator_does(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a site that does not run, so that it waits."""
    monkeypatch.setattr(learning, "BEGIN_SECONDS", 0)
    folder = make_site().data_dir
    inside(folder, trainings.begin, str(ROOT / "demo" / "people"))
    with pytest.raises(SiteFailed, match="did not begin"):
        learning.wait_until_it_learns(folder)
    assert inside(folder, trainings.state) == "queued"


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder for temporary ones: the path of a socket in these may not be long."""
    with tempfile.TemporaryDirectory(prefix="fs-") as folder:
        yield Path(folder)


@pytest.mark.slow
class TestWhole:
    def test_everything_is_measured_in_one_run(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        place: Path,
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(place))
        few = {
            "WORKERS": (1,),
            "ALONE": 3,
            "USERS": 2,
            "EACH": 2,
            "OVERLOAD_SECONDS": 2,
            "BARE": 2,
            "TEMPLATES": 99,
        }
        for name, number in few.items():
            monkeypatch.setattr(measuring, name, number)
        monkeypatch.setattr(galleries, "SMALL", (1_000,))
        call_command("benchmark", "--only", "http", "memory", "galleries", "--json")
        measured = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert set(measured["memory"]["after_start"]) == {
            *("web", "worker", "broker", "supervisor", "total")
        }
        assert measured["memory"]["after_start"]["total"]["rss"] < 700
        (served,) = measured["http"]
        assert served["alone_ms"]["runs"] == 3
        assert all(served["together"]["processor_ms"][part] > 0 for part in ("web", "worker"))
        assert served["overload"]["answered"] == served["overload"]["accepted"] > 0
        (gallery,) = measured["galleries"]
        assert gallery["found_ms"]["runs"] == galleries.ADDED
        assert list(place.iterdir()) == []

    def test_every_stage_of_an_answer_is_told_apart(self, make_site: Callable[..., Site]) -> None:
        found = inside(make_site().data_dir, stages.measured, 1, [640])
        assert [one["faces"] for one in found["photos"]] == list(stages.FACES)
        for one in found["photos"]:
            assert one["found"] == one["faces"]
            assert set(one["ms"]) == {
                *("decode", "detect", "align", "embed", "search", "decide", "encode", "write"),
                "total",
            }

    def test_other_programs_are_shown_the_same_photos(
        self, make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """By the Python of the tests, in which there is but one of them."""
        monkeypatch.setattr(contest, "PEERS", {"OpenCV": "with_opencv"})
        monkeypatch.setattr(peers, "KNOWN_WELL", 2)
        names = ["Amina_Diallo", "Arjun_Mehta", "Mei_Tanaka", "Jonas_Weber"]
        for name in names:
            for number, photo in enumerate(sorted((PEOPLE / name).glob("*.jpg"))[:2], start=1):
                (tmp_path / "people" / name).mkdir(parents=True, exist_ok=True)
                copied = tmp_path / "people" / name / f"{name}_000{number}.jpg"
                copied.write_bytes(photo.read_bytes())
        one, two, three, four = names
        folds = [f"{one} 1 2", f"{one} 1 {two} 1", f"{three} 1 2", f"{three} 1 {four} 1"]
        (tmp_path / "pairs.txt").write_text("\n".join(["2 1", *folds]) + "\n")
        shown = Peers(Path(sys.executable), tmp_path / "people", tmp_path / "pairs.txt")
        version = make_site().data_dir / "models" / default.VERSION
        found = shown.measured(version, lambda _said: None)
        assert found["photos"] == len(names)
        assert found["speed"]["facesite"]["photos_with_faces"] == len(names)
        assert found["accuracy"]["facesite"] == {"accuracy": 1.0, "pairs": 4, "missing": 0}
        assert found["speed"]["OpenCV"]["faces"] > 0
        assert found["accuracy"]["OpenCV"]["pairs"] == 4

    @pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
    def test_asked_to_end_it_leaves_nothing_behind(
        self, place: Path, asked: signal.Signals
    ) -> None:
        run = subprocess.Popen(
            [sys.executable, "manage.py", "benchmark", "--only", "memory", "--full"],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(place)},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert run.stderr is not None
        while "varied" not in (line := run.stderr.readline()):
            assert line, "it ended early"
        below = psutil.Process(run.pid).children(recursive=True)
        assert below
        run.send_signal(asked)
        assert run.wait(60) == 130
        psutil.wait_procs(below, 10)
        assert not [process for process in below if process.is_running()]
        assert list(place.iterdir()) == []
