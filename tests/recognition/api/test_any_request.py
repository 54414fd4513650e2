"""Whatever the document allows, and much that it does not, is answered as the document says."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from tests.sites import Site

pytestmark = pytest.mark.slow
EACH = 6
"""Requests of each operation, role and kind: such as the document allows, and others."""
ROLES = ("user", "reviewer", "operator", "administrator", "")
SCOPES = "identify,read,people,review,models,webhooks"
DOCUMENTED = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def site(make_site: Callable[..., Site]) -> Site:
    """With the demo gallery, and limits that nobody reaches."""
    site = make_site(FACESITE_PHOTOS_PER_HOUR="100000", FACESITE_PHOTOS_WAITING="100000")
    for role in ROLES[:-1]:
        name = "user" if role == "administrator" else role
        site.make_user(role, name, is_superuser=role == "administrator")
    return site.start("--demo")


def bearer(site: Site, role: str) -> dict[str, str]:
    if not role:
        return {}
    secret = site.manage("token", role, "--scope", SCOPES).splitlines()[-1]
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gets_an_answer_that_the_document_does_not_have(site: Site, role: str) -> None:
    document = schemathesis.openapi.from_url(f"{site.url}/api/v1/openapi.json")
    headers, seen = bearer(site, role), Counter[int]()
    for operation, mode in product(document.get_all_operations(), GenerationMode):
        assert isinstance(operation, Ok)
        ask(operation.ok().as_strategy(generation_mode=mode), headers, seen)
    assert not {status for status in seen if status >= 500}
    assert sum(seen.values()) > EACH * len(GenerationMode)
    sys.stdout.write(f"{role or 'nobody'}: {dict(sorted(seen.items()))}\n")


def ask(cases: st.SearchStrategy[Case[Any]], headers: dict[str, str], seen: Counter[int]) -> None:
    session = requests.Session()

    @given(case=cases)
    @settings(
        max_examples=EACH,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Case[Any]) -> None:
        if isinstance(case.query.get("wait"), int | float):
            case.query["wait"] = min(case.query["wait"], 0.5)
        response = case.call(session=session, headers=headers)
        seen[response.status_code] += 1
        case.validate_response(response, checks=DOCUMENTED)

    check()
