"""The paper from end to end: its network is trained, put into service and asked for its people."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.recognition.test_retrain_end_to_end import DEFAULT, LONG, ask, photos_of
from tests.sites import Site, Visitor, wait_for

pytestmark = pytest.mark.slow

PEOPLE = 15
"""Five of them are held out; the others are the classes."""
NAME = "paper"
AT_ONCE = 20
TOLERANCE = 0.05
"""The report and the site are asked about the same photos; a few may differ by rounding."""


@pytest.fixture(scope="module")
def place(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered people in a folder for each, as the paper had them."""
    place = tmp_path_factory.mktemp("people")
    folders = sorted((shared_data / "synthetic" / "train").iterdir(), key=lambda path: path.name)
    for folder in folders[:PEOPLE]:
        (place / f"Person_{folder.name}").mkdir()
        for photo in photos_of(folder):
            shutil.copy(photo, place / f"Person_{folder.name}")
    return place


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site], place: Path) -> Site:
    """A running site of two worker processes, in which the paper's network waits as a candidate."""
    site = make_site(FACESITE_WORKERS="2")
    site.make_user("operator", "operator")
    options = ("--epochs", "8,3,2", "--name", NAME, "--quiet", "--json")
    site.manage("retrain", "--architecture", "paper", "--data", str(place), *options)
    return site.start()


@pytest.fixture(scope="module")
def visitor(site: Site) -> Visitor:
    visitor = Visitor(site)
    visitor.login("operator")
    return visitor


def of_version(site: Site, name: str) -> Any:
    return json.loads((site.data_dir / "models" / NAME / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def held_back(site: Site, place: Path) -> dict[str, list[Path]]:
    """The test photos of each person, which the network has not learned from."""
    labels, photos = of_version(site, "labels.json"), dict[str, list[Path]]()
    for file, _, number in of_version(site, "split.json")["test"]:
        photos.setdefault(labels[str(number)].replace("_", " "), []).append(place / file)
    return photos


def as_png(photo: Path) -> SimpleUploadedFile:
    """The paper's loader takes .png."""
    with Image.open(photo) as image:
        assert image.size == (112, 112)
        buffer = BytesIO()
        image.save(buffer, "PNG")
    return SimpleUploadedFile(f"{photo.stem}.png", buffer.getvalue(), "image/png")


def answered(site: Site, visitor: Visitor, photos: list[Path]) -> list[tuple[str, str, str]]:
    """Version, name and id of each answer, in order of the photos."""
    found = []
    for start in range(0, len(photos), AT_ONCE):
        files = [as_png(photo) for photo in photos[start : start + AT_ONCE]]
        batch = visitor.post("/", {"photos": files}).url.rstrip("/").rpartition("/")[2]
        rows = f"Identification.objects.filter(batch='{batch}')"
        open_ones = f"{rows}.exclude(status='done').count()"
        wait_for(lambda count=open_ones: ask(site, count) == 0, timeout=LONG)
        about = "'model_version__name', 'faces__person__name', 'pk'"
        found += ask(site, f"list({rows}.order_by('created_at').values_list({about}))")
    return [(version, (name or "").replace("_", " "), pk) for version, name, pk in found]


def shares_right(answers: list[tuple[str, str, str]], truth: list[str]) -> float:
    right = [name == who for (_, name, _), who in zip(answers, truth, strict=True)]
    return sum(right) / len(right)


def promote(site: Site, visitor: Visitor, **terms: str) -> None:
    page = visitor.post(f"/models/{NAME}/promote/", terms)
    assert page.status == 200
    version = f"ModelVersion.objects.get(name='{NAME}')"
    wait_for(lambda: ask(site, f"{version}.state") == "active", timeout=LONG)


def test_the_papers_network_names_its_people_with_pictures_and_gives_way_again(
    site: Site, visitor: Visitor, held_back: dict[str, list[Path]]
) -> None:
    photos = [photo for own in held_back.values() for photo in own]
    truth = [person for person, own in held_back.items() for _ in own]
    somebody = photos[:1]
    assert answered(site, visitor, somebody)[0][:2] == (DEFAULT, "")  # nobody is enrolled

    refused = visitor.post(f"/models/{NAME}/promote/", {"decides": "closed"})
    assert refused.status == 422  # against the gate it takes a reason
    promote(site, visitor, decides="closed", reason="As in the paper.")
    people = ask(site, "sorted(Person.objects.values_list('name', flat=True))")
    assert [name.replace("_", " ") for name in people] == sorted(held_back)

    answers = answered(site, visitor, photos)
    assert {version for version, _, _ in answers} == {NAME}
    reported = of_version(site, "report/metrics.json")["closed_set"]["test"]
    assert reported > 0.5
    assert shares_right(answers, truth) == pytest.approx(reported, abs=TOLERANCE)
    for _, _, pk in answers[:5]:
        page = visitor.get(f"/identifications/{pk}/")
        assert f"always names one of the {len(held_back)} people" in page.text
        portraits = re.findall(r'src="(/photos/enrolled/\d+[^"]*)"', page.text)
        assert portraits
        assert visitor.get(portraits[0]).status == 200

    gone, name = answers[0][1], answers[0][1].replace(" ", "_")
    visitor.post(f"/people/{ask(site, f'Person.objects.get(name={name!r}).pk')}/remove/", {})
    assert gone not in {named for _, named, _ in answered(site, visitor, held_back[gone])}

    visitor.post(f"/models/{NAME}/rollback/", {})
    assert answered(site, visitor, somebody)[0][0] == DEFAULT


def test_the_keras_model_itself_answers_the_same_and_each_process_loads_it_once(
    site: Site, visitor: Visitor, held_back: dict[str, list[Path]]
) -> None:
    photos = [photo for own in held_back.values() for photo in own][-AT_ONCE:]
    promote(site, visitor, decides="closed")
    served = [name for _, name, _ in answered(site, visitor, photos)]
    site.stop()
    site.environment["FACESITE_ENGINE"] = "keras"
    site.start()
    again = Visitor(site)
    again.login("operator")
    itself = [name for _, name, _ in answered(site, again, photos)]
    assert sum(map(str.__eq__, served, itself)) >= AT_ONCE - 1
    loads = re.findall(rf"Process (\d+) has loaded {NAME} for keras", site.output())
    assert 1 <= len(loads) == len(set(loads)) <= 2
