"""What every page shares: frame, language, account pages, error pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from recognition.models import User
from tests.factories import PASSWORD, make_user

Login = Callable[[User], Client]


def test_the_navigation_shows_what_the_role_may_do(
    user: User, reviewer: User, operator: User, login: Login
) -> None:
    def leads(who: User) -> set[str]:
        page = login(who).get(reverse("history")).content.decode()
        routes = {name: reverse(name) for name in ("upload", "people", "review", "status")}
        return {name for name, path in routes.items() if f'<a href="{path}"' in page}

    assert leads(user) == {"upload"}
    assert leads(reviewer) == {"upload", "review", "status"}
    assert leads(operator) == {"upload", "people", "status"}


@pytest.mark.django_db
def test_the_language_is_chosen_before_logging_in(client: Client) -> None:
    page = client.get(reverse("account_login")).content.decode()
    assert f'action="{reverse("set_language")}"' in page
    form = {"language": "ru", "next": reverse("account_login")}
    response = client.post(reverse("set_language"), form)
    assert response.headers["Location"] == reverse("account_login")
    assert '<html lang="ru">' in client.get(reverse("account_login")).content.decode()


@pytest.mark.django_db
def test_sign_up_is_offered_only_while_it_is_open(client: Client, settings: Settings) -> None:
    link = reverse("account_signup").encode()
    assert link in client.get(reverse("account_login")).content
    settings.SIGNUP_OPEN = False
    assert link not in client.get(reverse("account_login")).content
    assert b"Sign-up is closed" in client.get(reverse("account_signup")).content


@pytest.mark.django_db
def test_logging_in_leads_to_the_upload_page_without_further_ado(client: Client) -> None:
    user = make_user("user")
    form = {"login": user.username, "password": PASSWORD}
    page = client.post(reverse("account_login"), form, follow=True)
    assert b"Who is in the photo?" in page.content
    assert b'class="messages"' not in page.content


ENTRANCE = (
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_inactive",
)
INSIDE = ("account_change_password", "account_email", "account_logout", "account_reauthenticate")


@pytest.mark.django_db
@pytest.mark.parametrize("route", ENTRANCE)
def test_account_pages_wear_the_sites_clothes(client: Client, route: str) -> None:
    response = client.get(reverse(route))
    assert response.status_code == 200
    assert b"css/site" in response.content
    assert b"<footer" in response.content


@pytest.mark.parametrize("route", INSIDE)
def test_so_do_those_for_people_who_are_logged_in(user: User, login: Login, route: str) -> None:
    content = login(user).get(reverse(route)).content
    assert b"css/site" in content
    assert b"<footer" in content


@pytest.mark.django_db
def test_a_reset_link_that_was_used_says_what_to_do(client: Client) -> None:
    path = reverse("account_reset_password_from_key", args=("1", "used-link"))
    assert b"This link no longer works" in client.get(path).content


def test_what_is_missing_and_what_is_not_allowed_have_pages(user: User, login: Login) -> None:
    client = login(user)
    missing, forbidden = client.get("/nothing/"), client.get(reverse("people"))
    assert (missing.status_code, forbidden.status_code) == (404, 403)
    assert b"There is nothing here" in missing.content
    assert b"This page is not for your account" in forbidden.content


def test_a_crash_has_a_page(user: User, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("recognition.views.history.reading.in_batches", crash)
    client = login(user)
    client.raise_request_exception = False
    response = client.get(reverse("history"))
    assert response.status_code == 500
    assert b"Something went wrong here" in response.content


@pytest.mark.parametrize("code", [400, 403, 404, 413, 429, 500, 503, 507])
@pytest.mark.parametrize(("language", "way_out"), [("en", "first page"), ("ru", "главную")])
def test_error_pages_look_alike(code: int, language: str, way_out: str) -> None:
    with translation.override(language):
        page = render_to_string(f"{code}.html", {"photos": 20, "megabytes": 20})
    assert f'<html lang="{language}">' in page
    assert f'<p class="error-code">{code}</p>' in page
    assert page.count("<h1>") == page.count('<main id="main" class="entrance-main"') == 1
    assert way_out in page


@pytest.mark.django_db
def test_a_form_that_is_too_old_has_a_page() -> None:
    client = Client(enforce_csrf_checks=True)
    user = make_user("user")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    response = client.post(reverse("upload"))
    assert response.status_code == 403
    assert b"Please send the form again" in response.content
