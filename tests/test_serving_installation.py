"""`make install-serving`: a fresh environment without TensorFlow answers photos, and says of all
else what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from recognition.models import Status
from tests.sites import ROOT, Site, Visitor, wait_for

pytestmark = pytest.mark.slow

PEOPLE = ROOT / "demo" / "people"
PHOTO = ROOT / "demo" / "photos" / "people" / "Mei_Tanaka" / "4.jpg"
SAID = "Only what answers photos is installed here, without tensorflow, keras, scipy"
COMMANDS = """
import django
django.setup()
from django.core.management import CommandError, call_command, get_commands, load_command_class
for name, app in get_commands().items():
    load_command_class(app, name)
for command in (
    "retrain --data demo/people", "retrain --data demo/people --dry-run",
    "compare --data demo/people", "calibrate --data demo/people",
    "import_network demo/photos/photo.jpg --name mine", "benchmark --only stages",
    "evaluate galleries --data demo/people --report report", "install_model --force",
):
    try:
        call_command(*command.split())
    except CommandError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with what `make install-serving` installs."""
    folder = tmp_path_factory.mktemp("serving")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-compile")
    packages = ROOT / "requirements-serving.txt"
    subprocess.run([python, "-m", "pip", "install", *options, "-r", packages], check=True)
    return python


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site], serving: Path) -> Iterator[Site]:
    """With a model that was built elsewhere, and photos to train on."""
    site = make_site(prepared=False)
    shutil.copytree(PEOPLE, site.data_dir / "datasets" / "demo")
    site.python = str(serving)
    yield site.start("--demo")
    site.close()


def run(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [site.python, *arguments],
        cwd=ROOT,
        env=site.environment | {"DJANGO_SETTINGS_MODULE": "facesite.settings"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_photo_is_answered_without_tensorflow(site: Site) -> None:
    site.make_user("visitor", "user")
    visitor = Visitor(site)
    visitor.login("visitor")
    page = visitor.post("/", {"photos": SimpleUploadedFile("photo.jpg", PHOTO.read_bytes())})
    wait_for(lambda: "Mei Tanaka" in visitor.get(page.url).text)


def test_a_training_that_was_asked_for_ends_with_what_to_do_in_both_languages(site: Site) -> None:
    site.make_user("operator", "operator")
    visitor = Visitor(site)
    visitor.login("operator")
    asked = {"architecture": "paper", "source": "folder:demo", "promote": "auto"}
    page = visitor.post("/training/", asked)
    wait_for(lambda: SAID in visitor.get(page.url).text)
    assert "Where trainings of this site are begun" in visitor.get(page.url).text
    visitor.post("/language/", {"language": "ru"})
    assert "установлено только то, что отвечает" in visitor.get(page.url).text
    ended = "from recognition.models import TrainingRun as T; print(T.objects.get().status)"
    assert site.manage("shell", "-v0", "-c", ended).strip() == Status.FAILED


def test_every_command_can_be_loaded_and_what_takes_everything_says_so(site: Site) -> None:
    done = run(site, "-c", COMMANDS)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 8
    assert all(line.startswith(SAID) for line in said)


def test_a_model_is_evaluated(site: Site) -> None:
    evaluated = run(site, "manage.py", "evaluate", "galleries", "--data", str(PEOPLE))
    assert evaluated.returncode == 0, evaluated.stderr


def test_a_place_without_a_model_is_prepared_and_says_where_one_comes_from(
    site: Site, tmp_path: Path
) -> None:
    empty = Site(tmp_path)
    empty.python = site.python
    prepared = run(empty, "manage.py", "prepare")
    assert prepared.returncode == 0
    assert SAID in prepared.stdout
    assert "comes with S3_URL and the same database, in a backup, or as a folder" in prepared.stdout
