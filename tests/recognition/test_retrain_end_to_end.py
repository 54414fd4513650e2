"""A site trains on its own people, puts what came of it into service, and takes it back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.sites import Site, Visitor, wait_for

pytestmark = pytest.mark.slow

PEOPLE, PHOTOS = 30, 10
DEFAULT = "sface-2021dec"
LONG = 1500  # seconds; others may be using the machine


@pytest.fixture(scope="module")
def folders(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "synthetic" / "train").iterdir(), key=lambda path: path.name)


@pytest.fixture(scope="module")
def site(
    make_site: Callable[..., Site], folders: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """A running site with rendered people who agreed to be trained on."""
    place = tmp_path_factory.mktemp("people")
    for folder in folders[:PEOPLE]:
        (place / f"Person {folder.name}").mkdir()
        for photo in photos_of(folder)[:PHOTOS]:
            shutil.copy(photo, place / f"Person {folder.name}")
    site = make_site()
    site.manage("enrol", str(place), "--consent")
    site.make_user("operator", "operator")
    return site.start()


def photos_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.name)


def ask(site: Site, expression: str) -> Any:
    """What an expression about the site's rows comes to, in a process of the site."""
    script = (
        "import json, time\n"
        "from recognition.models import *\n"
        "from recognition.services.gallery import templates\n"
        "from recognition.services.promotion import serving\n"
        "from recognition.services.training import requests\n"
        "from recognition.services.versions import registry\n"
        f"print(json.dumps({expression}, default=str))"
    )
    return json.loads(site.manage("shell", "-v0", "-c", script).splitlines()[-1])


def uploaded(site: Site, photo: Path) -> tuple[str, str]:
    """The version that answers a photo, and the person it names."""
    visitor = Visitor(site)
    visitor.login("operator")
    file = SimpleUploadedFile(photo.name, photo.read_bytes())
    batch = visitor.post("/", {"photos": [file]}).url.rstrip("/").rpartition("/")[2]
    about = "'status', 'model_version__name', 'faces__person__name'"
    rows = f"list(Identification.objects.filter(batch='{batch}').values_list({about}))"

    def answered() -> tuple[str, str] | None:
        ((status, version, name),) = ask(site, rows)
        return (version, name) if status == "done" else None

    found: tuple[str, str] = wait_for(answered, timeout=120)
    return found


def test_a_site_trains_promotes_serves_and_rolls_back(site: Site, folders: list[Path]) -> None:
    somebody, photo = f"Person {folders[0].name}", photos_of(folders[0])[PHOTOS + 1]
    assert uploaded(site, photo) == (DEFAULT, somebody)
    worker = site.pid_of("worker")

    operator = "User.objects.get(username='operator')"
    name = ask(site, f"requests.request({operator}, 'sface', {{'from_site': True}}).name")
    run = f"TrainingRun.objects.get(name='{name}')"
    assert not site.manage("model_versions").count(name)

    # While it trains, photos are answered as before.
    wait_for(lambda: ask(site, f"{run}.status") == "running", timeout=LONG)
    assert uploaded(site, photo)[1] == somebody
    wait_for(lambda: ask(site, f"{run}.status") not in {"queued", "running"}, timeout=LONG)

    status, message, history = ask(site, f"({run}.status, {run}.message, {run}.history)")
    assert status == "done", message + site.output()[-5000:]
    assert [epoch["epoch"] for epoch in history] == list(range(1, len(history) + 1))
    # Of a gain that chance could not bring nobody has to decide; of ten people it is seldom told.
    outcome, state = ask(site, f"({run}.version.gate['outcome'], {run}.version.state)")
    assert state == ("active" if outcome == "better" else "candidate"), message
    if state == "candidate":
        assert uploaded(site, photo) == (DEFAULT, somebody)
        because = f"{operator}, serving.Terms('To see that it serves.')"
        ask(site, f"serving.request_promotion({run}.version, {because})")
        wait_for(lambda: ask(site, f"{run}.version.state") == "active", timeout=LONG)

    faces = ask(site, "EnrolledFace.objects.count()")
    assert faces >= PEOPLE * (PHOTOS - 1)
    assert ask(site, f"{run}.version.templates.count()") == faces
    assert ask(site, "templates.missing(registry.active()).count()") == 0
    trained = ask(site, f"{run}.version.trained_people.count()")
    assert trained == PEOPLE - 10
    labels = json.loads((site.data_dir / "models" / name / "labels.json").read_text())
    assert all(label.isdigit() for label in labels.values())
    assert not (site.data_dir / "training" / name).exists()

    assert uploaded(site, photo) == (name, somebody)
    assert site.pid_of("worker") == worker

    back = "(time.perf_counter(), serving.rollback(None).name, time.perf_counter())"
    started, version, ended = ask(site, back)
    assert version == DEFAULT
    assert ended - started < 2
    assert uploaded(site, photo) == (DEFAULT, somebody)
    assert site.pid_of("worker") == worker
    assert ask(site, "Template.objects.count()") == 2 * faces


def test_a_candidate_is_tried_on_a_photo_beside_the_version_in_service(
    site: Site, folders: list[Path]
) -> None:
    photo = photos_of(folders[0])[PHOTOS + 1]
    upload = f"SimpleUploadedFile('photo.png', Path({str(photo)!r}).read_bytes())"
    script = (
        "from pathlib import Path\n"
        "from django.core.files.uploadedfile import SimpleUploadedFile\n"
        "from recognition.models import *\n"
        "from recognition.services.promotion import trials\n"
        "version = ModelVersion.objects.get(state='retired')\n"
        f"print(trials.request(version, User.objects.get(username='operator'), {upload}).pk)"
    )
    trial = f"Trial.objects.get(pk='{site.manage('shell', '-v0', '-c', script).split()[-1]}')"
    wait_for(lambda: ask(site, f"{trial}.status") == "done", timeout=LONG)
    answers = ask(site, f"{trial}.answers")
    named = {version: [face["person"] for face in faces] for version, faces in answers.items()}
    assert DEFAULT in named
    somebody = ask(site, f"Person.objects.get(name='Person {folders[0].name}').pk")
    assert list(named.values()) == [[somebody]] * 2
