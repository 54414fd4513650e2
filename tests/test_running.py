"""What whoever runs the site learns of it: the lines of its log, and its figures."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from tests.sites import ROOT, Page, Site, Visitor, wait_for

DEMO = ROOT / "demo"
NAME = "Ekaterina Belova"
ODD = "Vasilisa Премудрая; DROP \u2028.jpg"
NUMBER = "proxy-4f2a90c1"


@pytest.fixture(scope="module")
def visited(live_site: Site) -> Site:
    """A site in which somebody is enrolled by name, and found in a photo of an odd name."""
    people = DEMO / "people"
    live_site.manage("enrol", str(people))
    visitor = Visitor(live_site)
    visitor.login("admin")
    upload(visitor, DEMO / "photos" / "people" / "Ekaterina_Belova" / "4.jpg")
    wait_for(lambda: any(line.get("work") == "identification" for line in lines(live_site)))
    return live_site


def upload(visitor: Visitor, photo: Path) -> Page:
    file = io.BytesIO(photo.read_bytes())
    file.name = ODD
    return visitor.post("/", {"photos": [file]})


def lines(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in site.output().splitlines()]


def of_requests(site: Site) -> list[dict[str, Any]]:
    return [line for line in lines(site) if line["logger"] == "facesite.requests"]


def test_every_line_is_an_object_that_says_when_and_who(visited: Site) -> None:
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines(visited))
    assert {"system", "broker", "facesite.requests"} <= {line["logger"] for line in lines(visited)}


def test_what_a_request_asked_for_has_its_number_in_the_worker_too(visited: Site) -> None:
    done = next(line for line in lines(visited) if line.get("work") == "identification")
    (asked,) = [one for one in of_requests(visited) if one["request_id"] == done["request_id"]]
    assert (asked["method"], asked["route"], asked["status"]) == ("POST", "upload", 302)
    assert asked["user"] > 0
    assert done["ms"] > 0


def test_no_line_has_a_name_or_a_file_name(visited: Site) -> None:
    """Nor what somebody has typed into an address."""
    visitor = Visitor(visited)
    visitor.login("admin")
    assert NAME in visitor.get(f"/people/?q={quote(NAME)}").text
    assert visitor.get(f"/{quote(NAME)}/").status == 404
    assert visitor.post("/people/add/", {"name": NAME}).status == 422
    said = visited.output().replace("_", " ")
    private = (NAME, quote(NAME), "Belova", "Vasilisa", "DROP", "sessionid", 'admin"')
    assert [word for word in private if word in said] == []


def test_each_request_has_one_line_and_a_refused_one_says_why(visited: Site) -> None:
    before = len(of_requests(visited))
    stranger = Visitor(visited)
    stranger.cookies.clear()
    assert stranger.post("/accounts/login/", {"login": "x"}).status == 403
    assert stranger.get("/nothing/at/all/").status == 404
    csrf, nothing = of_requests(visited)[before:]
    assert (csrf["route"], csrf["status"]) == ("account_login", 403)
    assert csrf["why"] == "CSRF cookie not set."
    assert (nothing["route"], nothing["status"]) == ("none", 404)
    assert "user" not in nothing


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (NUMBER, True),
        ("Root=1-67891233-abcdef012345678912345678", True),
        ("short", False),
        ("a name of somebody", False),
        ("x" * 129, False),
        ("", False),
    ],
)
@pytest.mark.django_db
def test_the_number_that_a_proxy_gives_is_kept_if_it_looks_like_one(
    client: Client, given: str, kept: bool
) -> None:
    answered = client.get("/nothing/", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (answered == given) is kept
    assert re.fullmatch(r"[0-9a-f]{32}", answered) or kept
