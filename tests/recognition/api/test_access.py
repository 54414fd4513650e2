"""Who may ask what. `permissions.txt` says it of every operation; one without a row fails here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver

from recognition.api import document
from recognition.models import Scope, User
from tests.factories import make_user
from tests.recognition.api.conftest import with_token
from tests.recognition.fakes import StripeRecognizer
from tests.recognition.matrix import NOT_MEANT, addresses, table
from tests.recognition.test_views_access import ROLES, Site, ask

TABLE = table(Path(__file__).with_name("permissions.txt"))
PAGES = {"GET/api/v1/docs", "GET/api/v1/openapi.json"}


@pytest.fixture
def site(user: User, recognizer: StripeRecognizer) -> Site:
    return Site(user)


def operations() -> Iterator[tuple[str, dict[str, object]]]:
    for path, methods in document.paths().items():
        for method, operation in methods.items():
            yield f"{method.upper()}{path}", operation


def filled(site: Site, path: str) -> str:
    """A path, with what the site has in its places."""
    values: dict[str, object] = {
        "/identifications/{pk}": site.identification.pk,
        "/uploads/{batch}": site.identification.batch,
        "/verifications/{pk}": site.comparison.pk,
        "/people/{pk}": site.enrolled.person_id,
        "/photos/{photo}": site.enrolled.pk,
        "/consents/{purpose}": site.consent.purpose,
        "/enrolments/{pk}": site.enrolment.pk,
        "/faces/{pk}": site.probe.pk,
        "/strangers/{pk}": site.stranger.pk,
        "/subjects/{subject}": site.enrolled.person.name,
        "/faces/{image}": site.enrolled.pk,
        "/webhooks/{pk}": site.webhook.pk,
        "/deliveries/{pk}": site.delivery.pk,
        "/models/{name}": "stripes",
    }
    for place, value in values.items():
        path = path.replace(place, re.sub(r"\{\w+\}", str(value), place))
    assert "{" not in path, path
    return path


def as_role(role: str, site: Site) -> Client:
    accounts: dict[str, Callable[[], User]] = {
        "nobody": make_user,
        "administrator": lambda: site.administrator,
        "owner": lambda: site.owner,
    }
    if role == "stranger":
        return Client()
    return with_token(accounts.get(role, lambda: make_user(role))())


def asked(client: Client, site: Site, operation: str) -> HttpResponse:
    method, slash, path = operation.partition("/")
    return ask(client, method.lower(), filled(site, slash + path))


def test_every_operation_has_its_row() -> None:
    assert {name for name, _ in operations()} | PAGES == set(TABLE)
    there = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", one) for one in addresses(get_resolver().url_patterns)
    }
    known = {row[row.index("/") :] for row in TABLE}
    assert {one for one in there if one.startswith("/api/")} - known == {"/api/v1/"}


@pytest.mark.parametrize("role", [*ROLES, "owner"])
def test_each_role_gets_what_the_table_says(role: str, site: Site) -> None:
    client, differ = as_role(role, site), []
    for operation, row in TABLE.items():
        answered = asked(client, site, operation).status_code
        if str(answered) != row[role]:
            differ.append(f"{operation}: {answered} and not {row[role]}")
    assert differ == []


def test_a_token_without_the_scope_opens_nothing(site: Site) -> None:
    differ = []
    for operation, told in operations():
        wanted = told["security"][0]["token"]  # type: ignore[index]
        client = with_token(site.administrator, *(one for one in Scope if one not in wanted))
        answered = str(asked(client, site, operation).status_code)
        if TABLE[operation]["scopeless"] not in {answered, NOT_MEANT}:
            differ.append(f"{operation}: {answered}")
    assert differ == []
