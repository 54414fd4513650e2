"""What whoever runs the site learns of it: the lines of its log, and its figures."""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.sites import ROOT, Page, Site, Visitor, wait_for

DEMO = ROOT / "demo"
NAME = "Ekaterina Belova"
ODD = "Vasilisa Премудрая; DROP \u2028.jpg"
NUMBER = "proxy-4f2a90c1"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def visited(live_site: Site) -> Site:
    """A site in which somebody is enrolled by name, and found in a photo of an odd name."""
    people = DEMO / "people"
    live_site.manage("enrol", str(people))
    visitor = Visitor(live_site)
    visitor.login("admin")
    upload(visitor, DEMO / "photos" / "people" / "Ekaterina_Belova" / "4.jpg")
    wait_for(lambda: lines(live_site, work="identification"))
    return live_site


def upload(visitor: Visitor, photo: Path) -> Page:
    file = io.BytesIO(photo.read_bytes())
    file.name = ODD
    return visitor.post("/", {"photos": [file]})


def lines(site: Site, **having: str) -> list[dict[str, Any]]:
    """Those that are whole by now, and have such fields."""
    whole = map(json.loads, site.output().split("\n")[:-1])
    return [line for line in whole if having.items() <= line.items()]


def ask(site: Site, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    return connection.getresponse()


def test_a_command_gives_links_to_where_the_site_runs(live_site: Site) -> None:
    """Which was started with another port than the command knows of."""
    assert "PORT" not in live_site.environment
    for command in (("invite",), ("reset_link", "admin")):
        link = live_site.manage(*command).splitlines()[-1]
        assert link.startswith(f"http://localhost:{live_site.port}/")


def test_every_line_is_an_object_that_says_when_and_who(visited: Site) -> None:
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines(visited))
    assert {"system", "broker", "facesite.requests"} <= {line["logger"] for line in lines(visited)}


def test_what_a_request_asked_for_has_its_number_in_the_worker_too(visited: Site) -> None:
    done = lines(visited, work="identification")[-1]
    given = {"logger": "facesite.requests", "request_id": done["request_id"]}
    (asked,) = wait_for(lambda: lines(visited, **given))
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
    wait_for(lambda: lines(visited, route="person_add"))
    said = visited.output().replace("_", " ")
    private = (NAME, quote(NAME), "Belova", "Vasilisa", "DROP", "sessionid", 'admin"')
    assert [word for word in private if word in said] == []


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/accounts/login/", ("account_login", 403, "CSRF cookie not set.")),
        ("GET", "/nothing/at/all/", ("none", 404, None)),
        ("GET", "/static/nothing.css", ("static", 404, None)),
    ],
)
def test_a_refused_request_has_one_line_that_says_why(
    visited: Site, method: str, path: str, said: tuple[object, ...]
) -> None:
    number = uuid4().hex
    answer = ask(visited, path, method, X_Request_ID=number)
    assert answer.headers["X-Request-ID"] == number
    (line,) = wait_for(lambda: lines(visited, request_id=number))
    assert tuple(line.get(field) for field in ("route", "status", "why")) == said
    assert "user" not in line


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


def figures(site: Site) -> dict[str, dict[str, float]]:
    """Samples by name, and by what their labels say, in the order of the names of those."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for family in text_string_to_metric_families(ask(site, "/metrics").read().decode()):
        for sample in family.samples:
            said = " ".join(label for _, label in sorted(sample.labels.items()))
            found[sample.name][said] = sample.value
    return found


def test_the_figures_are_those_of_web_worker_and_database(visited: Site) -> None:
    wait_for(lambda: figures(visited)["facesite_faces_total"].get("match"))
    found = figures(visited)
    assert found["facesite_requests_total"]["POST upload 3xx"] >= 1
    assert found["facesite_request_seconds_count"]["upload"] >= 2
    assert found["facesite_attempts_total"]["done  identification"] >= 1
    assert found["facesite_stage_seconds_sum"]["detect"] > 0
    assert found["facesite_gallery_people"] == {"": 12}
    assert found["facesite_gallery_templates"] == {"": 48}
    assert found["facesite_model_info"] == {"gallery sface sface-2021dec": 1}
    assert {"child alive", "web alive", "worker alive"} <= found["facesite_processes"].keys()
    assert (found["facesite_database_up"], found["facesite_broker_up"]) == ({"": 1}, {"": 1})


def test_the_stricter_format_is_right_too_and_names_nobody(visited: Site) -> None:
    strict = "application/openmetrics-text; version=1.0.0"
    told = ask(visited, "/metrics", Accept=strict).read().decode()
    assert len(list(openmetrics(told))) > 15  # type: ignore[no-untyped-call]
    assert [word for word in ("Belova", "Vasilisa", "admin@", ".jpg") if word in told] == []


def test_every_figure_that_the_documents_name_is_there(visited: Site) -> None:
    named = re.findall(r"\bfacesite_\w+", (ROOT / "docs" / "running.md").read_text())
    told = ask(visited, "/metrics").read().decode()
    assert len(set(named)) > 15
    assert [name for name in named if name not in told] == []


@pytest.mark.parametrize(
    "header", ["X_Forwarded_For", "Forwarded", "X_Forwarded_Proto", "X_Real_IP", "Via"]
)
def test_who_comes_through_a_proxy_on_this_machine_is_not_of_it(visited: Site, header: str) -> None:
    assert ask(visited, "/metrics", **{header: "127.0.0.1"}).status == 403
