"""What goes for every answer to a program: problems, languages, methods, ETags, origins, the
document."""

from __future__ import annotations

import json
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from facesite.bodies import MAX_BODY_BYTES, STRANGERS_BYTES, TOO_LARGE
from facesite.space import DiskFull
from recognition.api import document
from recognition.models import User
from recognition.services.identification import quotas
from tests.recognition.api.conftest import Program
from tests.sites import ROOT

Login = Callable[[User], Client]
ME = "/api/v1/me"

pytestmark = pytest.mark.django_db


def test_the_committed_document_is_the_one_that_the_site_gives_out(client: Client) -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert committed == document.as_text(), "Run: make openapi"
    given = client.get("/api/v1/openapi.json")
    assert given.json() == json.loads(committed)
    assert given.json()["openapi"].startswith("3.1")
    known = client.get("/api/v1/openapi.json", headers={"if-none-match": given.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_every_operation_has_its_form_on_the_page(user: User, login: Login) -> None:
    page = login(user).get("/api/v1/docs").content.decode()
    for operations in document.paths().values():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page
    assert ">Ask who is in photos, at most twenty at a time</span>" in page


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("get", "/api/v1/nothing", "not_found"),
        ("get", "/api/", "not_found"),
        ("get", "/api/v1/identifications/1", "not_found"),
        ("put", ME, "method_not_allowed"),
        ("post", "/api/v1/openapi.json", "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_a_problem(
    *, method: str, path: str, code: str, user: User, program: Program
) -> None:
    refused = getattr(program(user), method)(path)
    assert refused.headers["Content-Type"] == "application/problem+json"
    said, status = refused.json(), refused.status_code
    assert (said["status"], said["code"]) == (status, code)
    assert status == 404 or "GET" in refused.headers["Allow"]


def test_a_text_that_cannot_be_stored_is_a_problem(operator: User, program: Program) -> None:
    half = program(operator).post("/api/v1/people", r'{"name": "\ud800"}', "application/json")
    assert (half.status_code, half.json()["code"]) == (400, "bad_request")


def test_nobody_is_sent_to_a_page(client: Client) -> None:
    for headers in ({}, {"hx-request": "true"}, {"authorization": "Bearer fs_made_up"}):
        refused = client.get(ME, headers=headers)
        assert refused.status_code == 401
        assert refused.headers["Content-Type"] == "application/problem+json"


def test_the_sentence_is_in_the_language_that_is_asked_for(client: Client) -> None:
    said = client.get(ME, headers={"accept-language": "ru"})
    assert said.headers["Content-Language"] == "ru"
    assert "Войдите" in said.json()["detail"]
    assert "Log in" in client.get(ME, headers={"accept-language": "en"}).json()["detail"]


@pytest.mark.parametrize(("limit", "status"), [(MAX_BODY_BYTES, 413), (STRANGERS_BYTES, 401)])
def test_a_body_that_was_not_taken_is_a_problem(client: Client, limit: int, status: int) -> None:
    refused = client.post("/api/v1/identifications", **{TOO_LARGE: limit})  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["status"]) == (status, status)


def test_what_goes_wrong_is_a_problem(
    user: User, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = program(user)
    client.raise_request_exception = False
    for error, status, code in (
        (ZeroDivisionError(), 500, "error"),
        (OperationalError("away"), 503, "unavailable"),
        (DiskFull(), 507, "no_room"),
    ):
        monkeypatch.setattr(quotas, "left", Mock(side_effect=error))
        refused = client.get(ME)
        assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_a_head_is_a_get_without_a_body(user: User, program: Program) -> None:
    client = program(user)
    head, get = client.head(ME), client.get(ME)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_options_say_what_can_be_done_without_a_token(client: Client) -> None:
    told = client.options("/api/v1/identifications")
    assert (told.status_code, told.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert client.options("/api/v1/openapi.json").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.options("/api/v1/nothing").status_code == 404
    assert "Access-Control-Allow-Origin" not in told.headers


def test_pages_from_elsewhere_ask_only_where_a_setting_lets_them(
    client: Client, settings: Settings
) -> None:
    settings.API_ORIGINS = ("https://home.example",)
    ask = {"origin": "https://home.example", "access-control-request-method": "POST"}
    let = client.options("/api/v1/identifications", headers=ask)
    assert let.headers["Access-Control-Allow-Origin"] == "https://home.example"
    assert "POST" in let.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in let.headers
    other = client.get(ME, headers={"origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]
