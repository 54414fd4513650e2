"""A client written for CompreFace asks here instead."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http.client import HTTPConnection
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from tests.sites import ROOT, Site

pytestmark = pytest.mark.slow
PHOTOS = ROOT / "demo" / "photos"
GALLERY = ROOT / "demo" / "people"


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    site = make_site().start()
    site.make_user("mover", "operator")
    return site


@pytest.fixture
def client(site: Site, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its service for recognition. What it imports of urllib3 1 is there for Google's App Engine
    alone."""
    monkeypatch.setitem(
        sys.modules, "urllib3.contrib.appengine", ModuleType("urllib3.contrib.appengine")
    )
    from compreface import CompreFace  # type: ignore[import-untyped]

    token = site.manage("token", "mover", "--scope", "identify,people").splitlines()[-1]
    return CompreFace("http://127.0.0.1", str(site.port)).init_face_recognition(token)


def test_subjects_and_faces_are_kept_and_recognised(client: Any) -> None:
    faces, subjects = client.get_face_collection(), client.get_subjects()
    assert subjects.add("Somebody") == {"subject": "Somebody"}
    for name in ("Mei_Tanaka", "Jonas_Weber"):
        for path in sorted((GALLERY / name).iterdir())[:3]:
            assert faces.add(image_path=str(path), subject=name)["subject"] == name
    assert subjects.list() == {"subjects": ["Jonas_Weber", "Mei_Tanaka", "Somebody"]}
    assert faces.list()["total_elements"] == 6

    photo = str(PHOTOS / "people" / "Mei_Tanaka" / "5.jpg")
    (found,) = client.recognize(image_path=photo, options={"limit": 0})["result"]
    assert found["box"]["x_max"] > found["box"]["x_min"] >= 0
    (likeliest,) = found["subjects"]
    assert likeliest["subject"] == "Mei_Tanaka"
    assert likeliest["similarity"] > 0.9

    assert subjects.update(subject="Somebody", new_name="Somebody_else")["updated"] is True
    assert subjects.delete("Somebody_else") == {"subject": "Somebody_else"}
    image = faces.list()["faces"][0]
    assert faces.delete(image["image_id"])["image_id"] == image["image_id"]
    assert faces.delete_all("Jonas_Weber") == {"deleted": 3}
    assert faces.list()["total_elements"] == 2


def test_a_photo_without_a_face_is_told_apart_from_an_enrolled_one(
    client: Any, tmp_path: Any
) -> None:
    grey = tmp_path / "grey.jpg"
    Image.new("RGB", (300, 300), "grey").save(grey)
    refused = client.get_face_collection().add(image_path=str(grey), subject="Nobody")
    assert (refused["image_id"], refused["code"]) == ("", "no_face")
    assert client.recognize(image_path=str(grey), options={"limit": 0}) == {"result": []}


def test_a_wrong_key_opens_nothing(site: Site) -> None:
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    path = "/api/v1/recognition/subjects"
    connection.request("GET", path, headers={"x-api-key": "fs_wrong"})
    assert connection.getresponse().status == 401
