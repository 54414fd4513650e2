"""Tokens: how they are made, what they open, and how they end."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from recognition.models import ApiToken, Scope, User
from recognition.services.privacy import own_data
from recognition.services.site import tokens
from tests.factories import deeds
from tests.recognition.api.conftest import Program, bearing

Login = Callable[[User], Client]
ME = "/api/v1/me"
MODELS = "/api/v1/models"


def made_on_the_page(client: Client, **fields: object) -> str:
    form = {"name": "Door", "scopes": ["identify"], **fields}
    page = client.post(reverse("token_add"), form).content.decode()
    found = re.search(r'value="(fs_[\w-]{43})"', page)
    assert found, page
    return found[1]


def test_one_is_made_on_the_page_shown_once_and_revoked(user: User, login: Login) -> None:
    client = login(user)
    secret = made_on_the_page(client)
    listed = client.get(reverse("tokens")).content.decode()
    assert secret[:9] in listed
    assert secret not in listed
    assert bearing(secret).get(ME).json()["scopes"] == ["identify"]
    token = ApiToken.objects.get()
    assert client.post(reverse("token_revoke", args=(token.pk,))).status_code == 302
    assert bearing(secret).get(ME).json()["code"] == "bad_token"
    assert [event.action for event in deeds()] == ["token.made", "token.revoked"]


def test_nobody_revokes_somebody_elses(user: User, stranger: User, login: Login) -> None:
    tokens.make(user, "Door", ["read"], None, by=user)
    address = reverse("token_revoke", args=(ApiToken.objects.get().pk,))
    assert login(stranger).post(address).status_code == 404
    assert ApiToken.objects.get().stands


def test_making_one_asks_again_who_it_is(user: User) -> None:
    client = Client()
    client.force_login(user)
    asked = client.post(reverse("token_add"), {"name": "Door", "scopes": ["read"]})
    assert "reauthenticate" in asked.headers["Location"]
    assert not ApiToken.objects.exists()


def test_the_form_says_what_the_boxes_are_for_before_them(user: User, login: Login) -> None:
    page = login(user).get(reverse("token_add")).content.decode()
    assert page.index("What it is good for") < page.index('value="identify"')


def test_a_form_that_makes_no_sense_makes_none(user: User, login: Login) -> None:
    fields: dict[str, object] = {"name": "Door", "scopes": ["read"]}
    for field, wrong in (("scopes", "everything"), ("scopes", []), ("last_day", "2020-01-01")):
        form = {**fields, field: wrong}
        assert login(user).post(reverse("token_add"), form).status_code == 422
    assert not ApiToken.objects.exists()


def test_the_command_prints_the_token_alone_on_its_last_line(user: User) -> None:
    out = io.StringIO()
    call_command("token", user.username, "--scope", "read,identify", stdout=out)
    secret = out.getvalue().splitlines()[-1]
    assert bearing(secret).get(ME).json()["scopes"] == ["identify", "read"]
    out = io.StringIO()
    call_command("token", user.username, "--scope", "read", "--days", "0", "--json", stdout=out)
    assert tokens.bearer(json.loads(out.getvalue())["token"]).expires_at is None  # type: ignore[union-attr]
    mine = (user.username, "--scope", "read")
    for wrong in (("nobody", *mine[1:]), (*mine[:2], "everything"), (*mine, "--days", "-1")):
        with pytest.raises(CommandError):
            call_command("token", *wrong)


def test_only_a_hash_of_it_is_kept_and_nothing_of_that_is_taken_along(user: User) -> None:
    secret = tokens.make(user, "Door", ["read"], None, by=user)
    token = ApiToken.objects.get()
    assert secret not in str(ApiToken.objects.values().get())
    account = own_data._account(user)
    assert account["api_tokens"][0]["name"] == "Door"
    assert token.digest not in str(account)
    user.delete()
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("how", ["revoked", "over", "inactive", "other secret"])
def test_what_opens_nothing_any_more(user: User, how: str) -> None:
    secret = tokens.make(user, "Door", ["read"], None, by=user)
    now = timezone.now()
    match how:
        case "revoked":
            ApiToken.objects.update(revoked_at=now)
        case "over":
            ApiToken.objects.update(expires_at=now - dt.timedelta(seconds=1))
        case "inactive":
            User.objects.update(is_active=False)
        case "other secret":
            secret = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    refused = bearing(secret).get(ME)
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    sent = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert not tokens.opens(sent)  # a large body is not received


def test_a_scope_opens_its_own_and_a_role_never_more(
    user: User, operator: User, program: Program
) -> None:
    missing = program(operator, Scope.IDENTIFY).get(MODELS)
    assert (missing.status_code, missing.json()["code"]) == (403, "scope_missing")
    assert missing.json()["scopes"] == ["models", "read"]
    assert program(operator, Scope.MODELS).get(MODELS).status_code == 200
    assert program(user, Scope.MODELS).get(MODELS).json()["code"] == "forbidden"


def test_a_token_opens_no_page(operator: User, program: Program) -> None:
    for page in ("/", "/api/v1/docs"):
        assert program(operator).get(page).status_code == 302


def test_a_session_works_too_and_sends_its_csrf_token(user: User, login: Login) -> None:
    assert login(user).get(ME).json()["scopes"] is None
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.get(reverse("api_docs"))
    path, token = "/api/v1/identifications", client.cookies["csrftoken"].value
    refused = client.post(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert client.post(path, headers={"x-csrftoken": token}).json()["code"] == "invalid"


def test_who_has_to_have_a_second_factor_has_no_token_without_one(
    operator: User, program: Program, settings: Settings
) -> None:
    settings.SECOND_FACTOR = "operators"
    client = program(operator)
    refused = client.get(ME)
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor")
    Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={})
    assert client.get(ME).status_code == 200


def test_its_use_is_noted_once_a_minute(
    user: User, program: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = program(user)
    client.get(ME)
    noted = ApiToken.objects.get().last_used_at
    assert noted is not None
    client.get(ME)
    assert ApiToken.objects.get().last_used_at == noted
    ApiToken.objects.update(last_used_at=noted - dt.timedelta(seconds=61))
    client.get(ME)
    assert ApiToken.objects.get().last_used_at > noted - dt.timedelta(seconds=61)  # type: ignore[operator]
