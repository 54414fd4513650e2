from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command

from ml import imaging
from ml.headers import PhotoInfo
from recognition.management import site as management
from recognition.management.commands import benchmark
from recognition.management.visitor import ASKS_AGAIN, Visitor, _first_look, _next_look
from tests.factories import PASSWORD
from tests.sites import Site

ROOT = Path(__file__).resolve().parents[2]


def test_photos_to_upload_are_of_the_promised_size_with_one_face_each() -> None:
    photos = benchmark.demo_photos()
    assert len(photos) == benchmark.UPLOADS >= 30
    assert imaging.inspect(photos[0]) == PhotoInfo("JPEG", 1024, 1024)


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


@pytest.mark.django_db
def test_a_visitor_gets_the_answer_that_a_browser_gets(live_site: Site) -> None:
    visitor = Visitor(live_site.port)
    assert visitor.log_in("admin", PASSWORD).path == "/"
    page = visitor.upload("portrait.jpg", benchmark.demo_photos()[0])
    assert re.fullmatch(r"/uploads/[0-9a-f-]{36}/", page.path)
    answer = visitor.wait_for_answer(page)
    assert answer.status == 200
    assert not ASKS_AGAIN.search(answer.text)


def test_the_table_has_every_figure() -> None:
    engine = {"milliseconds": 20.0, "load_seconds": 3.0, "resident_mb": 700.0}
    size = {"rss": 100.0, "pss": 50.0}
    text = "\n".join(
        benchmark.table(
            {
                "machine": {"processor": "Abacus", "cores": 2, "python": "3.11.7"},
                "engines": {"keras": engine, "openvino": {**engine, "milliseconds": 2.5}},
                "ratio": 8.0,
                "photo": {"decode": 4.0, "total": 9.0},
                "detection": {320: 3.25},
                "search": {1000: 0.125, 1_000_000: 16.0},
                "upload_to_answer": {"photos": 40, "median": 301.5, "p95": 402.5},
                "memory": {"web": size, "total": {"rss": 599.0}},
            }
        )
    )
    for figure in ("Abacus", "20.00", "2.50", "8.00 times", "3.25", "301.50", "402.50", "599.00"):
        assert figure in text
    assert "1,000,000" in text


def test_numbers_of_a_busy_site_are_refused_when_the_training_was_over_before(
    make_site: Callable[..., Site],
) -> None:
    data_dir = make_site().data_dir
    site = management.Site(data_dir, 0, psutil.Popen(["true"]))
    site._run("TrainingRun.objects.create(name='t', architecture='paper', status='running')")
    site.require_training()
    site._run("TrainingRun.objects.update(status='done')")
    with pytest.raises(management.SiteFailed, match=r"was over before the last photo .*\(done\)"):
        site.require_training()


def test_a_training_is_asked_for_as_an_operator_does(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a site that does not run, so that it waits."""
    monkeypatch.setattr(management, "START_SECONDS", 0)
    site = management.Site(make_site().data_dir, 0, psutil.Popen(["true"]))
    with pytest.raises(management.SiteFailed, match="did not begin"):
        site.begin_training(ROOT / "demo" / "people")
    run = "TrainingRun.objects.values_list('architecture', 'status').get()"
    assert site._run(f"print(*{run})") == "paper queued"


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
        monkeypatch.setattr(benchmark, "UPLOADS", 3)
        monkeypatch.setattr(benchmark, "GALLERIES", (1_000,))
        call_command("benchmark", "--json")
        measured = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert measured["upload_to_answer"]["photos"] == 3
        assert set(measured["memory"]) == {"web", "worker", "broker", "supervisor", "total"}
        assert measured["memory"]["total"]["rss"] < 700
        assert measured["ratio"] > 3
        assert list(measured["search"]) == ["1000"]
        assert list(place.iterdir()) == []

    def test_ctrl_c_leaves_nothing_behind(self, place: Path) -> None:
        run = subprocess.Popen(
            [sys.executable, "manage.py", "benchmark"],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(place)},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert run.stderr is not None
        while "uploading" not in (line := run.stderr.readline()):
            assert line, "it ended early"
        below = psutil.Process(run.pid).children(recursive=True)
        assert below
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
        psutil.wait_procs(below, 10)
        assert not [process for process in below if process.is_running()]
        assert list(place.iterdir()) == []
