"""What the site answers over HTTP is what `manage.py identify` answers about the same photos.

A real site: web process, bundled broker, worker and networks. Photos go in through the upload
page; the answers are read from the page, and to all digits from the database.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from facesite.bodies import STRANGERS_BYTES
from tests.sites import ROOT, Site, Visitor, wait_for

PEOPLE = ROOT / "demo" / "people"
PHOTOS = ROOT / "demo" / "photos"
PER_UPLOAD = 20

ANSWERS = """
SELECT identification.filename, face.decision, person.name, face.similarity, face.probability,
       face.x, face.y, face.width, face.height
FROM recognition_identification AS identification
LEFT JOIN recognition_probeface AS face ON face.identification_id = identification.id
LEFT JOIN recognition_person AS person ON person.id = face.person_id
WHERE identification.status = 'done'
ORDER BY identification.filename, face."index"
"""

Answers = dict[str, list[dict[str, Any]]]
"""The faces of each photo, by its path."""


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    """A running site with the demo people in its gallery."""
    site = started(make_site)
    enrolled = json.loads(site.manage("enrol", str(PEOPLE), "--json").splitlines()[-1])
    assert (enrolled["people"], enrolled["refused"]) == (12, [])
    return site


def started(make_site: Callable[..., Site]) -> Site:
    limits = {"FACESITE_PHOTOS_WAITING": "5000", "FACESITE_PHOTOS_PER_HOUR": "5000"}
    site = make_site(**limits).start()
    site.make_user("visitor", "user")
    return site


def by_http(site: Site, photos: list[Path]) -> tuple[Answers, str]:
    """Upload photos, twenty at a time, and wait for every page to stop asking for news."""
    visitor = Visitor(site)
    visitor.login("visitor")
    pages = [upload(visitor, photos[at : at + PER_UPLOAD]) for at in range(0, len(photos), 20)]
    shown = [wait_for(lambda page=page: settled(visitor, page), 120) for page in pages]
    answers = stored(site)
    return {str(photo): answers[str(photo)] for photo in photos}, "".join(shown)


def upload(visitor: Visitor, photos: list[Path]) -> str:
    files = [SimpleUploadedFile(str(path).replace("/", ":"), path.read_bytes()) for path in photos]
    page = visitor.post("/", {"photos": files})
    assert "/uploads/" in page.url, page.text
    return page.url


def settled(visitor: Visitor, url: str) -> str:
    page = visitor.get(url)
    assert page.status == 200
    return "" if "hx-get=" in page.text else page.text


def stored(site: Site) -> Answers:
    """Every answer of the site, to all digits."""
    answers: Answers = {}
    with sqlite3.connect(site.data_dir / "db.sqlite3") as database:
        for filename, decision, name, similarity, probability, *box in database.execute(ANSWERS):
            faces = answers.setdefault(filename.replace(":", "/"), [])
            if decision is not None:
                faces.append(
                    {
                        "decision": decision,
                        "person": name,
                        "similarity": similarity,
                        "probability": probability,
                        "box": box,
                    }
                )
    return answers


def by_command(site: Site, photos: list[Path]) -> Answers:
    out = site.manage("identify", *map(str, photos), "--json")
    answer = json.loads(out.splitlines()[-1])
    return {photo["path"]: photo["faces"] for photo in answer["photos"]}


def assert_they_agree(http: Answers, command: Answers) -> None:
    assert http.keys() == command.keys()
    for path, faces in command.items():
        expected = [(face["decision"], face["person"]) for face in faces]
        assert [(face["decision"], face["person"]) for face in http[path]] == expected, path
        for one, other in zip(http[path], faces, strict=True):
            assert one["similarity"] == pytest.approx(other["similarity"], abs=1e-3), path
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-2), path
            assert one["box"] == pytest.approx(other["box"], abs=1.0), path


@pytest.mark.slow
def test_http_and_the_command_agree_about_the_demo_photos(site: Site) -> None:
    photos = [
        *sorted((PHOTOS / "people").rglob("*.jpg"))[::4],
        *sorted((PHOTOS / "strangers").glob("*.jpg"))[:4],
        *sorted((PHOTOS / "groups").glob("*.jpg"))[:2],
    ]
    http, pages = by_http(site, photos)
    assert_they_agree(http, by_command(site, photos))
    named = {face["person"] for faces in http.values() for face in faces} - {None}
    assert named
    assert all(name.replace("_", " ") in pages for name in named)


@pytest.mark.slow
def test_the_api_holds_the_answer_back_until_it_is_there(site: Site) -> None:
    """More bytes than a stranger may send, so that the token is looked at before they come in."""
    photos = sorted((PHOTOS / "people").rglob("*.jpg"))[1:40:4]
    assert sum(photo.stat().st_size for photo in photos) > STRANGERS_BYTES
    secret = site.manage("token", "admin", "--scope", "identify").splitlines()[-1]
    files = [SimpleUploadedFile(str(path).replace("/", ":"), path.read_bytes()) for path in photos]
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": MULTIPART_CONTENT}
    asked = HTTPConnection("127.0.0.1", site.port, timeout=60)
    body = encode_multipart(BOUNDARY, {"photos": files})
    asked.request("POST", "/api/v1/identifications?wait=20", body, headers)
    answered = asked.getresponse()
    assert answered.status == 200
    told = json.loads(answered.read())["photos"]
    by_api = {photo["path"].replace(":", "/"): photo["faces"] for photo in told}
    assert_they_agree(by_api, by_command(site, photos))


@pytest.mark.slow
def test_who_is_enrolled_on_the_way_is_named_without_a_restart(site: Site, tmp_path: Path) -> None:
    stranger = PHOTOS / "strangers" / "5.jpg"
    before, _ = by_http(site, [stranger])
    assert [face["decision"] for face in before[str(stranger)]] == ["unknown"]
    (tmp_path / "Somebody_New").mkdir()
    shutil.copy(stranger, tmp_path / "Somebody_New")
    site.manage("enrol", str(tmp_path))
    again = Path(shutil.copy(stranger, tmp_path / "again.jpg"))
    after, _ = by_http(site, [again])
    assert [face["person"] for face in after[str(again)]] == ["Somebody_New"]


@pytest.mark.long
def test_http_and_the_command_agree_about_real_people(
    make_site: Callable[..., Site], shared_data: Path, tmp_path: Path
) -> None:
    """LFW: everybody with ten photos or more, seven of them enrolled, against 200 strangers."""
    site = started(make_site)
    people = [folder for folder in sorted((shared_data / "lfw").iterdir()) if folder.is_dir()]
    photos_of = {person: sorted(person.glob("*.jpg")) for person in people}
    known = {person: photos for person, photos in photos_of.items() if len(photos) >= 10}
    strangers = [photos[0] for photos in photos_of.values() if len(photos) == 1][:200]
    for person, photos in known.items():
        (tmp_path / person.name).mkdir()
        for photo in photos[:7]:
            (tmp_path / person.name / photo.name).symlink_to(photo)
    enrolled = json.loads(
        site.manage("enrol", str(tmp_path), "--largest", "--json").splitlines()[-1]
    )
    assert enrolled["people"] == len(known) == 158
    probes = [*(photo for photos in known.values() for photo in photos[7:]), *strangers]
    http, _ = by_http(site, probes)
    assert_they_agree(http, by_command(site, probes))
