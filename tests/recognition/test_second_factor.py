"""The second factor, sessions, and what asks once more who somebody is."""

from __future__ import annotations

import re
import time
from io import StringIO

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from recognition.models import AuditEvent, Person, User
from tests.factories import PASSWORD, make_user
from tests.recognition.test_accounts import OTHER_PASSWORD
from tests.recognition.test_audit_events import said

pytestmark = pytest.mark.django_db
PERIOD = 30
SET_UP = "/accounts/2fa/totp/activate/"
CODE = "/accounts/2fa/authenticate/"


def enter(user: User, password: str = PASSWORD) -> Client:
    """A browser in which somebody has given name and password on the log-in page."""
    browser = Client()
    browser.post("/accounts/login/", {"login": user.username, "password": password})
    return browser


def code(secret: str, *, periods: int = 0) -> str:
    """What the app shows now, or showed so many periods ago."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD - periods)))


def set_up(browser: Client) -> str:
    """Returns the secret that the app has now."""
    page = browser.get(SET_UP).text
    found = re.search(r'id="secret" value="(\w+)"', page)
    assert found, page
    response = browser.post(SET_UP, {"code": code(found[1])})
    assert response.status_code == 302, response.text
    return found[1]


def is_in(browser: Client) -> bool:
    return browser.get("/history/").status_code == 200


def recovery_codes(browser: Client) -> list[str]:
    page = browser.get(reverse("mfa_view_recovery_codes")).text
    return re.findall(r"<code>(\d+)</code>", page)


# setting it up, and logging in with it


def test_a_second_factor_is_set_up_and_then_asked_for(user: User) -> None:
    secret = set_up(enter(user))
    browser = enter(user)
    assert not is_in(browser)
    browser.post(CODE, {"code": "000000"})
    assert not is_in(browser)
    browser.post(CODE, {"code": code(secret)})
    assert is_in(browser)
    events = AuditEvent.objects.filter(action="account.second_factor_added", actor=user)
    assert sorted(event.details["kind"] for event in events) == ["recovery_codes", "totp"]
    assert said("account.code_failed") == [("", str(user.pk))]
    assert len(said("account.logged_in")) == 2


def test_the_picture_of_the_secret_comes_with_the_page(user: User) -> None:
    page = enter(user).get(SET_UP).text
    assert "<svg" in page
    assert "data:image" not in page
    assert "<?xml" not in page
    assert re.findall(r'(?:src|href)="https?://[^"]+', page) == []


def test_a_wrong_code_sets_nothing_up(user: User) -> None:
    browser = enter(user)
    browser.get(SET_UP)
    assert "Incorrect code" in browser.post(SET_UP, {"code": "1"}).text
    assert not Authenticator.objects.exists()


def test_the_clock_of_a_phone_may_differ_by_half_a_minute(user: User) -> None:
    secret = set_up(enter(user))
    for periods, lets_in in ((1, True), (4, False)):
        browser = enter(user)
        browser.post(CODE, {"code": code(secret, periods=periods)})
        assert is_in(browser) is lets_in


def test_a_code_opens_once_as_long_as_it_is_good_for(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = set_up(enter(user))
    seen, now = code(secret), time.time()
    first, second = enter(user), enter(user)
    first.post(CODE, {"code": seen})
    monkeypatch.setattr(time, "time", lambda: now + PERIOD + 1)
    second.post(CODE, {"code": seen})
    assert is_in(first)
    assert not is_in(second)


def test_a_recovery_code_opens_once_in_the_place_of_the_phone(user: User) -> None:
    browser = enter(user)
    set_up(browser)
    codes = recovery_codes(browser)
    assert len(codes) == 10
    for lets_in in (True, False):
        another = enter(user)
        another.post(CODE, {"code": codes[0]})
        assert is_in(another) is lets_in
    assert said("account.recovery_code_used") == [(user.username, str(user.pk))]


def test_guessing_codes_is_stopped_after_a_few_attempts(user: User) -> None:
    secret = set_up(enter(user))
    for guess in range(5):
        enter(user).post(CODE, {"code": f"{guess}"})
    browser = enter(user)
    browser.post(CODE, {"code": code(secret)})
    assert not is_in(browser)


def test_it_can_be_removed_by_those_who_need_none(user: User) -> None:
    browser = enter(user)
    set_up(browser)
    browser.post(reverse("mfa_deactivate_totp"))
    assert is_in(enter(user))
    assert set(said("account.second_factor_removed")) == {(user.username, str(user.pk))}


def test_a_lost_one_is_taken_away_by_a_command(user: User) -> None:
    set_up(enter(user))
    assert not is_in(enter(user))
    out = StringIO()
    call_command("reset_second_factor", user.username, stdout=out)
    assert "no longer has a second factor" in out.getvalue()
    assert is_in(enter(user))
    assert said("account.second_factor_reset") == [("", str(user.pk))]
    for name in (user.username, "nobody"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", name)


def test_a_new_password_by_a_link_does_not_take_it_away(user: User, client: Client) -> None:
    set_up(enter(user))
    call_command("reset_link", user.username, stdout=(out := StringIO()))
    link = re.search(r"://[^/]+(\S+)", out.getvalue())
    assert link
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD})
    assert not is_in(client)
    assert not is_in(enter(user, OTHER_PASSWORD))


# where it is required

REQUIRED = {
    "none": set[str](),
    "operators": {"operator", "administrator"},
    "staff": {"operator", "reviewer", "auditor", "administrator"},
    "everybody": {"user", "operator", "reviewer", "auditor", "administrator"},
}


def somebody(role: str) -> User:
    return make_user(is_superuser=True) if role == "administrator" else make_user(role)


@pytest.mark.parametrize("setting", REQUIRED)
def test_roles_that_need_one_get_to_nothing_else_before(setting: str, settings: Settings) -> None:
    settings.SECOND_FACTOR = setting
    for role in ("user", "reviewer", "operator", "auditor", "administrator"):
        browser = enter(somebody(role))
        for path in ("/history/", "/admin/", "/accounts/password/change/", "/accounts/2fa/"):
            response = browser.get(path)
            sent = response.headers.get("Location") == SET_UP
            assert sent is (role in REQUIRED[setting]), (role, path)


def test_everything_opens_once_it_is_set_up_and_it_cannot_be_removed(
    operator: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR = "operators"
    browser = enter(operator)
    assert browser.post("/people/add/", {"name": "Ada"}).headers["Location"] == SET_UP
    assert not Person.objects.exists()
    secret = set_up(browser)
    assert browser.get("/people/").status_code == 200
    browser.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(type="totp").exists()
    another = enter(operator)
    for path in ("/admin/", "/admin/login/", "/admin/recognition/person/"):
        assert another.get(path, follow=True).redirect_chain[-1][0] == CODE
    another.post(CODE, {"code": code(secret)})
    assert another.get("/admin/").status_code == 200


def test_a_part_of_a_page_that_asks_for_news_is_reloaded_whole(
    operator: User, settings: Settings
) -> None:
    settings.SECOND_FACTOR = "everybody"
    response = enter(operator).get("/people/", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


# sessions


def test_sessions_are_listed_and_all_others_are_ended(user: User) -> None:
    browser = Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"})
    browser.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    other, somebody_else = enter(user), enter(make_user("user"))
    page = browser.get("/accounts/sessions/").text
    assert page.count("127.0.0.1") == 2
    assert "Firefox on Linux" in page
    browser.post("/accounts/sessions/")
    assert [is_in(one) for one in (browser, other, somebody_else)] == [True, False, True]
    assert said("account.sessions_ended") == [(user.username, str(user.pk))]
    assert browser.get("/accounts/sessions/").text.count("127.0.0.1") == 1


def test_a_changed_password_ends_all_other_sessions(user: User) -> None:
    browser, other = enter(user), enter(user)
    new = {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD}
    browser.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert is_in(browser)
    assert not is_in(other)
    assert browser.get("/accounts/sessions/").text.count("127.0.0.1") == 1


# confirming


def later(browser: Client) -> None:
    """A quarter of an hour after the log-in."""
    session = browser.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 15 * 60
    session.save()


@pytest.fixture
def person(db: None) -> Person:
    return Person.objects.create(name="Ada")


def test_removing_a_person_asks_for_the_password_again(operator: User, person: Person) -> None:
    browser, page = enter(operator), reverse("person_remove", args=(person.pk,))
    assert browser.get(page).status_code == 200
    later(browser)
    asked = browser.post(page)
    assert asked.headers["Location"] == f"/accounts/reauthenticate/?next={page.replace('/', '%2F')}"
    assert Person.objects.exists()
    confirm = {"next": page}
    browser.post("/accounts/reauthenticate/", {"password": "wrong", **confirm})
    browser.post(page)
    assert Person.objects.exists()
    response = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, **confirm})
    assert response.headers["Location"] == page
    browser.post(page)
    assert not Person.objects.exists()


def test_whoever_has_a_second_factor_confirms_with_it_and_not_with_the_password(
    operator: User, person: Person
) -> None:
    browser, page = enter(operator), reverse("person_remove", args=(person.pk,))
    secret = set_up(browser)
    later(browser)
    assert "/2fa/reauthenticate/" in browser.get(page).headers["Location"]
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": page})
    assert browser.get(page).status_code == 302
    browser.post("/accounts/2fa/reauthenticate/", {"code": code(secret), "next": page})
    assert browser.get(page).status_code == 200


def test_what_decides_who_gets_in_asks_too(user: User, admin_user: User) -> None:
    admin_user.set_password(PASSWORD)
    admin_user.save()
    browser = enter(admin_user)
    change, password, delete = (
        reverse(f"admin:{name}", args=(user.pk,))
        for name in (
            "recognition_user_change",
            "auth_user_password_change",
            "recognition_user_delete",
        )
    )
    listed, added = "/admin/recognition/user/", "/admin/recognition/user/add/"
    roles = reverse("admin:auth_group_change", args=(user.groups.get().pk,))
    set_up_own = SET_UP
    every = (change, password, delete, added, roles, set_up_own)
    assert [browser.get(page).status_code for page in every] == [200] * 6
    later(browser)
    assert [browser.get(page).status_code for page in every] == [302] * 6
    chosen = {"action": "delete_selected", "post": "yes", "_selected_action": [str(user.pk)]}
    assert "reauthenticate" in browser.post(listed, chosen).headers["Location"]
    assert "reauthenticate" in browser.post(delete, {"post": "yes"}).headers["Location"]
    assert User.objects.filter(pk=user.pk).exists()
    assert browser.get(listed).status_code == 200


def test_another_way_in_asks_too(user: User) -> None:
    browser, page = enter(user), "/accounts/email/"
    later(browser)
    browser.post(page, {"action_add": "", "email": "other@example.org"})
    assert not user.emailaddress_set.exists()  # type: ignore[attr-defined]
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": page}, follow=True)
    browser.post(page, {"action_add": "", "email": "other@example.org"})
    assert user.emailaddress_set.get().email == "other@example.org"  # type: ignore[attr-defined]
    assert set(said("account.email_changed")) == {(user.username, str(user.pk))}


def test_what_was_typed_into_a_form_that_came_too_late_is_not_kept(
    user: User, admin_user: User
) -> None:
    admin_user.set_password(PASSWORD)
    admin_user.save()
    browser = enter(admin_user)
    later(browser)
    page = reverse("admin:auth_user_password_change", args=(user.pk,))
    browser.post(page, {"password1": OTHER_PASSWORD, "password2": OTHER_PASSWORD})
    assert OTHER_PASSWORD not in str(dict(browser.session.items()))
