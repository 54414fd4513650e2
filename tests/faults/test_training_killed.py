"""Whatever dies in the midst of a training, it goes on: real broker, real worker, kill -9."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.sites import Site, still_running, wait_for

pytestmark = pytest.mark.slow

EPOCHS = 6
LONG = 1200  # seconds; others may be using the machine


@pytest.fixture(scope="module")
def data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("people")
    for folder in sorted((shared_data / "synthetic" / "train").iterdir())[:4]:
        (place / folder.name).mkdir()
        for photo in sorted(folder.iterdir())[:40]:
            shutil.copy(photo, place / folder.name)
    return place


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site().start()


class Training:
    """A training that was asked for on a site, and what its row says."""

    def __init__(self, site: Site, data: Path) -> None:
        self.site = site
        options = {"data": [str(data)], "crops": "as-is", "hold_out": 0.0, "epochs": [EPOCHS]}
        options |= {"stages": 1, "promote": "never"}
        script = (
            "from recognition.services.training import requests\n"
            f"print(requests.request(None, 'paper', {options!r}).name)"
        )
        self.name = site.manage("shell", "-v0", "-c", script).split()[-1]

    def ask(self, column: str) -> Any:
        return self._execute(f"SELECT {column} FROM recognition_trainingrun WHERE name = ?")  # noqa: S608

    def history(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.ask("history"))
        return found

    def age(self) -> None:
        """Instead of minutes of waiting."""
        self._execute(
            "UPDATE recognition_trainingrun SET heartbeat_at = '2020-01-01 00:00:00' "
            "WHERE name = ? AND status = 'running'"
        )

    def _execute(self, sql: str) -> Any:
        path = self.site.data_dir / "db.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as database, database:
            row = database.execute(sql, [self.name]).fetchone()
            return row[0] if row else None

    def process(self) -> psutil.Process | None:
        """That which trains."""
        for process in self.site.processes():
            with suppress(psutil.Error):
                if "retrain" in process.cmdline():
                    return process
        return None

    def wait_for_epochs(self, count: int) -> None:
        wait_for(lambda: len(self.history()) >= count or self.ask("status") == "failed", LONG)
        assert self.ask("status") == "running", self.ask("message")

    def wait_until_done(self) -> None:
        wait_for(lambda: self.ask("status") in {"done", "failed"}, LONG)
        assert self.ask("status") == "done", self.ask("message") + self.site.output()[-5000:]


def test_a_training_whose_process_is_killed_goes_on_with_its_epochs(site: Site, data: Path) -> None:
    training = Training(site, data)
    training.wait_for_epochs(2)
    process = training.process()
    assert process is not None
    process.kill()
    wait_for(lambda: not process.is_running())  # nobody is left in the list of processes
    before = training.history()
    training.age()
    training.wait_until_done()
    after = training.history()
    assert after[: len(before)] == before
    assert [epoch["epoch"] for epoch in after] == list(range(1, EPOCHS + 1))
    assert training.ask("attempts") <= 2
    site.close()


def test_a_training_ends_with_its_site_and_goes_on_with_the_next_start(
    site: Site, data: Path
) -> None:
    training = Training(site, data)
    training.wait_for_epochs(1)
    processes = site.processes()
    started = time.monotonic()
    assert site.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 15
    assert not still_running(processes, timeout=1)
    before = training.history()
    training.age()  # only if it had no time to say that it waits
    site.start()
    training.wait_until_done()
    assert training.history()[: len(before)] == before
    site.close()


def test_a_training_does_not_outlive_a_site_that_is_killed(site: Site, data: Path) -> None:
    training = Training(site, data)
    wait_for(training.process, LONG)
    processes = site.processes()
    site.stop(signal.SIGKILL)
    assert not still_running(processes, timeout=30)
